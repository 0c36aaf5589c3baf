import { S3ServiceException } from '@aws-sdk/client-s3';
import { StoreError } from '../../contract/errors-store.ts';
import { errorCode } from '../file-operations.ts';

/**
 * What the store said, or that it said nothing:
 * `absent` there is no such object, `unmet` the condition of the request does not hold, `beyond` the range begins
 * past the object's end, `unknown` the request may have been done, `refused` it was not.
 */
export type S3Verdict = 'absent' | 'unmet' | 'beyond' | 'unknown' | 'refused';

/** By the code in the answer: stores that speak S3 send some of them with statuses of their own. */
const BY_CODE: Readonly<Record<string, S3Verdict>> = {
  NoSuchKey: 'absent',
  // Of a completion that was tried twice: the first try may have been it.
  NoSuchUpload: 'unknown',
  NotFound: 'absent',
  PreconditionFailed: 'unmet',
  InvalidRange: 'beyond',
  ConditionalRequestConflict: 'unknown',
  OperationAborted: 'unknown',
  InternalError: 'unknown',
  ServiceUnavailable: 'unknown',
  SlowDown: 'unknown',
  RequestTimeout: 'unknown',
};

/** By the status, where the answer has no body and so no code: that of HEAD. */
const BY_STATUS: Readonly<Record<number, S3Verdict>> = {
  404: 'absent',
  409: 'unknown',
  412: 'unmet',
  416: 'beyond',
  429: 'unknown',
};

/** Names that the SDK gives to an answer without a code. */
const NO_CODE: ReadonlySet<string> = new Set(['Unknown', 'UnknownError', 'Error', '']);
const isWithoutCode = (name: string): boolean => NO_CODE.has(name) || /^\d+$/u.test(name);

/** The SDK found no credentials, or none that are valid: nothing was sent. */
const NOT_SENT = /^(Credentials|Token)?ProviderError$/u;

/** Undefined where the error comes neither from the store nor from the way to it: a mistake of ours. */
export const judgeS3Error = (error: unknown): S3Verdict | undefined => {
  if (error instanceof S3ServiceException) return judgeAnswer(error);
  if (!(error instanceof Error)) return undefined;
  if (NOT_SENT.test(error.name)) return 'refused';
  const isLost = error.name === 'TimeoutError' || errorCode(error) !== undefined;
  // An answer that could not be read, or that ended before its end.
  const isBroken = '$response' in error || '$retryable' in error;
  return isLost || isBroken ? 'unknown' : undefined;
};

const judgeAnswer = ({ name, $metadata }: S3ServiceException): S3Verdict => {
  const status = $metadata.httpStatusCode ?? 0;
  const byStatus = status >= 500 ? 'unknown' : (BY_STATUS[status] ?? 'refused');
  if (isWithoutCode(name)) return byStatus;
  return BY_CODE[name] ?? (status >= 500 || status === 429 ? 'unknown' : 'refused');
};

const DENIED =
  'permission is denied (a missing object is told from a forbidden one only with s3:ListBucket on the bucket)';

const REASONS: Readonly<Record<string, string>> = {
  AccessDenied: DENIED,
  NoSuchBucket: 'there is no such bucket',
  BadDigest: 'its bytes are not those of their checksum',
  XAmzContentSHA256Mismatch: 'its bytes are not those of their checksum',
  ConditionalRequestConflict: 'another write of the same key was in flight',
  SlowDown: 'the store asked to slow down until all tries were used up',
};

type Facts = { readonly operation: string; readonly key: string };

/** Turns what the SDK threw into a StoreError with its facts; leaves a mistake of ours as it is. */
export const asS3StoreError = (error: unknown, facts: Facts): unknown => {
  const verdict = judgeS3Error(error);
  if (verdict === undefined) return error;
  const reason = renderReason(error as Error);
  // It holds the connection, and in the headers of the request the session token: nothing that a log may show.
  Reflect.deleteProperty(error as Error, '$response');
  return new StoreError({ ...facts, reason, isUnknown: verdict === 'unknown' }, { cause: error });
};

const renderReason = (error: Error): string => {
  const known = REASONS[error.name];
  if (known !== undefined) return known;
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  if (status === undefined) return `no whole answer came (${error.message})`;
  return status === 403 && isWithoutCode(error.name)
    ? DENIED
    : `the store answered ${status} ${error.name} (${error.message})`;
};
