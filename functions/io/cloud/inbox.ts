import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { REJECTED_ENDING, Rejection } from '../../contract/rejection.ts';
import { SPEC_LIMITS } from '../../contract/spec-limits.ts';
import { asS3StoreError, judgeS3Error } from '../s3/s3-errors.ts';

/** One upload: not what stands under the key by now, but what stood there then. */
export type Upload = {
  readonly bucket: string;
  readonly key: string;
  /** Without quotes, as events bring it. */
  readonly etag: string;
  readonly versionId?: string | undefined;
};

/** The bytes of an upload; `large` where no spec is that long. */
export type UploadBytes = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'large' };

/** Reads an upload; undefined where it is not there any more. Fails with StoreError. */
export const readUpload = async (
  client: S3Client,
  { bucket, key, etag, versionId }: Upload,
): Promise<UploadBytes | undefined> => {
  try {
    const { Body, ContentLength = 0 } = await client.send(
      new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        IfMatch: `"${etag}"`,
        ...(versionId === undefined ? {} : { VersionId: versionId }),
      }),
    );
    if (Body === undefined) throw new Error('S3 sent an object without a body');
    if (ContentLength > SPEC_LIMITS.documentBytes) {
      // Its connection would wait for somebody to read the rest.
      if ('destroy' in Body) Body.destroy();
      return { kind: 'large' };
    }
    return { kind: 'bytes', bytes: await Body.transformToByteArray() };
  } catch (error) {
    const verdict = judgeS3Error(error);
    const isGone = verdict === 'absent' || verdict === 'unmet' || isNoVersion(error);
    if (isGone) return undefined;
    throw asS3StoreError(error, { operation: 'read', key: `s3://${bucket}/${key}` });
  }
};

const isNoVersion = (error: unknown): boolean => error instanceof Error && error.name === 'NoSuchVersion';

/** The most that S3 takes for a key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

/**
 * Puts a rejection beside its upload; the newest stands. `too-long` where no key has room for it. Fails with
 * StoreError.
 */
export const putRejection = async (
  client: S3Client,
  bucket: string,
  rejection: Rejection,
): Promise<'put' | 'too-long'> => {
  const key = `${rejection.key}${REJECTED_ENDING}`;
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return 'too-long';
  try {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: `${JSON.stringify(Rejection.parse(rejection), undefined, 2)}\n`,
        ContentType: 'application/json',
      }),
    );
    return 'put';
  } catch (error) {
    throw asS3StoreError(error, { operation: 'put', key: `s3://${bucket}/${key}` });
  }
};
