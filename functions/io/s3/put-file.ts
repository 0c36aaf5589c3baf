import { stat } from 'node:fs/promises';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { asStoreError } from '../file-operations.ts';
import { hashFileRange, sendFile } from './file-body.ts';
import { requireETag } from './multipart.ts';
import { putMultipart } from './put-multipart.ts';
import { toBase64 } from './sha256.ts';

/**
 * The largest file that goes up in one request. Only such an object has the SHA-256 of its bytes on S3, so nearly all
 * blocks should be one; a request that breaks off is sent again whole, 7 s of a function's network for this many.
 */
const SINGLE_PUT_BYTES = 512 * 2 ** 20;

/** Bytes of a part; larger where there would be more parts than S3 takes. */
const UPLOAD_PART_BYTES = 64 * 2 ** 20;

export type UploadSizes = { readonly singlePutBytes: number; readonly partBytes: number };
export const UPLOAD_SIZES: UploadSizes = { singlePutBytes: SINGLE_PUT_BYTES, partBytes: UPLOAD_PART_BYTES };

type Upload = {
  readonly bucket: string;
  readonly key: string;
  readonly path: string;
  /** Hex, where it is known: otherwise the file is read twice. */
  readonly sha256?: string | undefined;
  readonly contentType?: string;
};

/**
 * Makes a local file an object, replacing one that is there. S3 refuses bytes that are not of the SHA-256. Returns the
 * ETag.
 */
export const putLocalFile = async (
  client: S3Client,
  upload: Upload,
  sizes = UPLOAD_SIZES,
): Promise<string> => {
  const { path } = upload;
  const object = { Bucket: upload.bucket, Key: upload.key, ContentType: upload.contentType };
  const sizeBytes = await sizeOf(path);
  if (sizeBytes > sizes.singlePutBytes) {
    return putMultipart(client, object, { path, sizeBytes, partBytes: sizes.partBytes });
  }
  const file = { path, offset: 0, lengthBytes: sizeBytes };
  const sha256 = upload.sha256 ?? (await hashFileRange(file));
  const command = new PutObjectCommand({
    ...object,
    ContentLength: sizeBytes,
    ChecksumSHA256: toBase64(sha256),
  });
  sendFile(command, { ...file, sha256 });
  return requireETag((await client.send(command)).ETag);
};

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw asStoreError(error, { operation: 'read', key: path });
  }
};
