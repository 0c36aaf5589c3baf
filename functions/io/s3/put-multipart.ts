import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { mapBounded } from '../map-bounded.ts';
import { cutPart } from '../write-parts.ts';
import { hashFileRange, sendFile } from './file-body.ts';
import { judgeS3Error } from './s3-errors.ts';
import { compositeSha256, toBase64 } from './sha256.ts';

/** Each is read from the disk as it is sent; four fill the network of a function, or a home's line many times over. */
const PARTS_AT_ONCE = 4;

/** S3's limit. */
const MOST_PARTS = 10_000;

type MultipartUpload = {
  readonly bucket: string;
  readonly key: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly partBytes: number;
};
type Target = { readonly Bucket: string; readonly Key: string; readonly UploadId: string };
type SentPart = { readonly PartNumber: number; readonly ETag: string; readonly ChecksumSHA256: string };

/**
 * Sends a local file in parts, which become an object at once when all are there. An upload that is not completed is
 * aborted, for its parts cost money and nothing lists them; the bucket's lifecycle is the backstop.
 */
export const putMultipart = async (client: S3Client, upload: MultipartUpload): Promise<void> => {
  const { bucket, key } = upload;
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ChecksumAlgorithm: 'SHA256' }),
  );
  if (UploadId === undefined) throw new Error('S3 began an upload and named no id for it');
  const target = { Bucket: bucket, Key: key, UploadId };
  try {
    await complete(client, target, await sendParts(client, target, upload));
  } catch (error) {
    await abort(client, target);
    throw error;
  }
};

const sendParts = (
  client: S3Client,
  target: Target,
  { path, sizeBytes, partBytes }: MultipartUpload,
): Promise<readonly SentPart[]> => {
  const whole = { offset: 0, position: 0, lengthBytes: sizeBytes };
  const parts = cutPart(whole, Math.max(partBytes, Math.ceil(sizeBytes / MOST_PARTS)));
  return mapBounded([...parts.entries()], PARTS_AT_ONCE, async ([index, { offset, lengthBytes }]) => {
    const sha256 = await hashFileRange({ path, offset, lengthBytes });
    const sent = { PartNumber: index + 1, ChecksumSHA256: toBase64(sha256) };
    const command = new UploadPartCommand({ ...target, ...sent, ContentLength: lengthBytes });
    sendFile(command, { path, offset, lengthBytes, sha256 });
    const { ETag } = await client.send(command);
    if (ETag === undefined) throw new Error(`S3 took part ${sent.PartNumber} and named no ETag for it`);
    return { ...sent, ETag };
  });
};

const complete = async (client: S3Client, target: Target, parts: readonly SentPart[]): Promise<void> => {
  try {
    await client.send(
      new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: [...parts] } }),
    );
  } catch (error) {
    // A first try whose reply was lost has completed it, and the SDK's second finds no upload.
    if (!(error instanceof Error) || error.name !== 'NoSuchUpload') throw error;
    if (!(await isCompleted(client, target, parts))) throw error;
  }
};

/** An attempt's key is its own, so what stands there with these checksums is what it sent. */
const isCompleted = async (
  client: S3Client,
  { Bucket, Key }: Target,
  parts: readonly SentPart[],
): Promise<boolean> => {
  try {
    const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    return head.ChecksumSHA256 === compositeSha256(parts.map((part) => part.ChecksumSHA256));
  } catch (error) {
    if (judgeS3Error(error) === 'absent') return false;
    throw error;
  }
};

const abort = async (client: S3Client, target: Target): Promise<void> => {
  try {
    await client.send(new AbortMultipartUploadCommand(target));
  } catch {
    // The failure that is being thrown says more; the bucket's lifecycle removes the parts.
  }
};
