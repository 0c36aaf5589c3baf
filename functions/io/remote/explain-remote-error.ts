import { InputAccessError, InputNotFoundError } from '../../contract/errors-input.ts';
import { StoreError } from '../../contract/errors-store.ts';
import { renderS3Uri } from '../../core/s3-uri.ts';
import { asS3StoreError } from '../s3/s3-errors.ts';

/** The name that the store, or the SDK, gave the error: the store's own is the cause of what was made of it. */
const nameOf = (error: unknown): string => {
  if (!(error instanceof Error)) return '';
  return error instanceof StoreError && error.cause instanceof Error ? error.cause.name : error.name;
};

const NO_CREDENTIALS = /^(Credentials|Token)?ProviderError$/u;

const CREDENTIALS_ADVICE =
  'no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';

/** What keeps an object from being read, for good: sentences that go on from "the input x". */
const judgeRead = (name: string): string | undefined => {
  if (NO_CREDENTIALS.test(name)) return `cannot be read: ${CREDENTIALS_ADVICE}`;
  switch (name) {
    case 'AccessDenied':
      return 'cannot be read: access is denied; check that the caller may s3:GetObject it, and kms:Decrypt with its key where it is encrypted by KMS';
    case 'InvalidObjectState':
      return 'cannot be read: it is archived; restore it from Glacier first';
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'ExpiredToken':
    case 'InvalidToken':
      return `cannot be read: the credentials are not valid (${name})`;
    default:
      return undefined;
  }
};

/** What an error of reading an object means. InputChangedError, and what a retry may cure, stay as they are. */
export const explainReadError = (path: string, error: unknown): unknown => {
  const reason = judgeRead(nameOf(error));
  return reason === undefined ? error : new InputAccessError({ path, reason }, { cause: error });
};

const LIST_ADVICE: Readonly<Record<string, string>> = {
  AccessDenied: 'access is denied; check that the caller may s3:ListBucket on the bucket',
  AllAccessDisabled: 'access to the bucket is disabled',
  PermanentRedirect: 'it is in another region; set AWS_REGION to that of the bucket',
  AuthorizationHeaderMalformed: 'it is in another region; set AWS_REGION to that of the bucket',
  InvalidBucketName: 'the name of the bucket is not valid',
  InvalidAccessKeyId: 'the access key is not known; check the credentials',
  SignatureDoesNotMatch: 'the signature does not match; check the secret access key',
  ExpiredToken: 'the credentials have expired',
  InvalidToken: 'the session token is not valid',
};

const cannotList = (path: string, advice: string, cause: unknown): InputAccessError =>
  new InputAccessError({ path, reason: `cannot be listed: ${advice}` }, { cause });

/** What an error of listing means. */
export const explainListError = (
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  error: unknown,
): unknown => {
  const uri = renderS3Uri({ bucket, key: prefix });
  const name = nameOf(error);
  if (name === 'NoSuchBucket') {
    const reason = `there is no bucket ${JSON.stringify(bucket)}; check its name, and AWS_REGION or AWS_ENDPOINT_URL where it is elsewhere`;
    return new InputNotFoundError({ uri, reason, nearest: [] }, { cause: error });
  }
  const isRegionless = error instanceof Error && error.message.includes('Region is missing');
  if (isRegionless) return cannotList(uri, 'no region is known; set AWS_REGION', error);
  const advice = NO_CREDENTIALS.test(name) ? CREDENTIALS_ADVICE : LIST_ADVICE[name];
  if (advice !== undefined) return cannotList(uri, advice, error);
  return asS3StoreError(error, { operation: 'list', key: uri });
};
