/**
 * What Lambda tells a handler beside its event.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
 */
export type LambdaContext = {
  readonly awsRequestId: string;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly memoryLimitInMB: string | number;
  readonly getRemainingTimeInMillis: () => number;
};
