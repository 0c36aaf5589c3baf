import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { judgeS3Error } from './s3-errors.ts';
import { compositeSha256 } from './sha256.ts';

/** The object that an upload becomes. */
export type UploadedObject = {
  readonly Bucket: string;
  readonly Key: string;
  readonly ContentType?: string | undefined;
};
export type UploadTarget = { readonly Bucket: string; readonly Key: string; readonly UploadId: string };
export type SentPart = {
  readonly PartNumber: number;
  readonly ETag: string;
  readonly ChecksumSHA256?: string | undefined;
};

/**
 * Makes an object of the parts that `send` brings: it appears at once, when all are there. An upload that is not
 * completed is aborted, for its parts cost money and nothing lists them; the bucket's lifecycle is the backstop.
 * Returns the ETag.
 */
export const withMultipart = async (
  client: S3Client,
  { Bucket, Key, ContentType }: UploadedObject,
  send: (target: UploadTarget) => Promise<readonly SentPart[]>,
): Promise<string> => {
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ContentType, ChecksumAlgorithm: 'SHA256' }),
  );
  if (UploadId === undefined) throw new Error('S3 began an upload and named no id for it');
  const target = { Bucket, Key, UploadId };
  try {
    return await complete(client, target, await send(target));
  } catch (error) {
    await abort(client, target);
    throw error;
  }
};

/** Every object on S3 has one, and every write is answered with it. */
export const requireETag = (etag: string | undefined): string => {
  if (etag === undefined) throw new Error('S3 named no ETag of an object');
  return etag;
};

const complete = async (
  client: S3Client,
  target: UploadTarget,
  parts: readonly SentPart[],
): Promise<string> => {
  try {
    const { ETag } = await client.send(
      new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: [...parts] } }),
    );
    return requireETag(ETag);
  } catch (error) {
    // A first try whose reply was lost has completed it, and the SDK's second finds no upload.
    if (!(error instanceof Error) || error.name !== 'NoSuchUpload') throw error;
    const etag = await findCompleted(client, target, parts);
    if (etag === undefined) throw error;
    return etag;
  }
};

/** The ETag of what stands there where it has the checksums of what was sent. */
const findCompleted = async (
  client: S3Client,
  { Bucket, Key }: UploadTarget,
  parts: readonly SentPart[],
): Promise<string | undefined> => {
  const sums = parts.flatMap(({ ChecksumSHA256 }) => ChecksumSHA256 ?? []);
  if (sums.length < parts.length) return undefined;
  try {
    const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    return head.ChecksumSHA256 === compositeSha256(sums) ? head.ETag : undefined;
  } catch (error) {
    if (judgeS3Error(error) === 'absent') return undefined;
    throw error;
  }
};

const abort = async (client: S3Client, target: UploadTarget): Promise<void> => {
  try {
    await client.send(new AbortMultipartUploadCommand(target));
  } catch {
    // The failure that is being thrown says more; the bucket's lifecycle removes the parts.
  }
};
