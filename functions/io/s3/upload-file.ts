import { open } from 'node:fs/promises';
import { PutObjectCommand, type S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { StoreError } from '../../contract/errors-store.ts';
import { type ByteRange, planParts } from '../../core/plan-parts.ts';
import { requireETag, type UploadTarget, uploadInParts } from './multipart-upload.ts';

/** Held in memory while it is sent, so that the client can send it again. */
export const UPLOAD_PART_BYTES = 16 * 1024 ** 2;

/** Makes a local file of that size the object. `limit` bounds how many parts are in memory. Returns the ETag. */
export const uploadFile = async (
  client: S3Client,
  { path, sizeBytes }: { readonly path: string; readonly sizeBytes: number },
  target: UploadTarget,
  limit: <Result>(act: () => Promise<Result>) => Promise<Result>,
): Promise<string> => {
  const handle = await open(path, 'r');
  const read = async ({ offset, lengthBytes }: ByteRange): Promise<Uint8Array> => {
    const bytes = Buffer.allocUnsafe(lengthBytes);
    let filled = 0;
    while (filled < lengthBytes) {
      const { bytesRead } = await handle.read(bytes, filled, lengthBytes - filled, offset + filled);
      if (bytesRead === 0) throw new Error(`${path} was cut while it was read`);
      filled += bytesRead;
    }
    return bytes;
  };
  try {
    const { size } = await handle.stat();
    if (size !== sizeBytes) {
      const reason = `it has ${size} bytes, ${sizeBytes} were expected`;
      throw new StoreError({ operation: 'upload', key: path, reason });
    }
    if (sizeBytes <= UPLOAD_PART_BYTES) {
      const put = async () =>
        client.send(
          new PutObjectCommand({ ...target, Body: await read({ offset: 0, lengthBytes: sizeBytes }) }),
        );
      return requireETag((await limit(put)).ETag);
    }
    const { ContentType: _, ...object } = target;
    return await uploadInParts(client, target, planParts(sizeBytes, UPLOAD_PART_BYTES), (range, upload) =>
      limit(async () => {
        const command = new UploadPartCommand({ ...object, ...upload, Body: await read(range) });
        const { $metadata: _, ETag, ChecksumCRC32 } = await client.send(command);
        return { ETag, ChecksumCRC32 };
      }),
    );
  } finally {
    await handle.close();
  }
};
