import { DeploymentError } from '../../contract/errors-cloud.ts';
import { errorCode } from '../file-operations.ts';

/** What a request was, in the words of IAM, and where it went: for the sentence of an error. */
export type AwsRequest = {
  /** For example `cloudformation:DescribeStacks`. */
  readonly action: string;
  readonly region: string | undefined;
};

const NO_CREDENTIALS = /^(Credentials|Token)?ProviderError$/u;

/** Names by which the services say that the caller may not, or is not who they say. */
const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'NotAuthorized',
  'KmsAccessDenied',
]);
const STALE: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'RequestExpired',
]);

/**
 * Turns what the SDK threw into a DeploymentError where the caller can do something about it: credentials, region,
 * permissions, the way there. Leaves everything else as it is.
 */
export const asDeploymentError = (error: unknown, request: AwsRequest): unknown => {
  if (!(error instanceof Error)) return error;
  const reason = reasonOf(error, request);
  if (reason === undefined) return error;
  // It holds the request, and in its headers the session token: nothing that a log may show.
  Reflect.deleteProperty(error, '$response');
  return new DeploymentError(reason, { cause: error });
};

const reasonOf = (error: Error, { action, region = 'no region' }: AwsRequest): string | undefined => {
  const { name, message } = error;
  if (NO_CREDENTIALS.test(name)) {
    return `no credentials were found (${message}); give --profile, or set AWS_PROFILE or the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
  }
  if (/^Region is missing/u.test(message)) {
    return 'no region is known; give --region, or set AWS_REGION or a region in your profile';
  }
  if (/^Region not accepted/u.test(message)) return `the region cannot be used: ${message}`;
  if (DENIED.has(name)) return `${action} is denied in ${region}; ask for this permission`;
  if (STALE.has(name)) {
    return `${action} was refused in ${region}: the credentials are not valid, or no longer (${name}); sign in again`;
  }
  const code = errorCode(error);
  if (name === 'TimeoutError' || code !== undefined) {
    return `no answer to ${action} came from ${region} (${code ?? name}); check the region, --endpoint and the network`;
  }
  return undefined;
};
