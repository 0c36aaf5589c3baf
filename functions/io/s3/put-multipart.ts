import { type S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { planParts } from '../../core/plan-parts.ts';
import { mapBounded } from '../map-bounded.ts';
import { hashFileRange, sendFile } from './file-body.ts';
import { requireETag, type UploadedObject, withMultipart } from './multipart.ts';
import { toBase64 } from './sha256.ts';

/** Each is read from the disk as it is sent; four fill the network of a function, or a home's line many times over. */
const PARTS_AT_ONCE = 4;

type LocalFile = { readonly path: string; readonly sizeBytes: number; readonly partBytes: number };

/** Sends a local file in parts, which become an object at once when all are there. Returns the ETag. */
export const putMultipart = (
  client: S3Client,
  object: UploadedObject,
  { path, sizeBytes, partBytes }: LocalFile,
): Promise<string> =>
  withMultipart(client, object, (target) => {
    const parts = planParts(sizeBytes, partBytes);
    return mapBounded([...parts.entries()], PARTS_AT_ONCE, async ([index, { offset, lengthBytes }]) => {
      const sha256 = await hashFileRange({ path, offset, lengthBytes });
      const sent = { PartNumber: index + 1, ChecksumSHA256: toBase64(sha256) };
      const command = new UploadPartCommand({ ...target, ...sent, ContentLength: lengthBytes });
      sendFile(command, { path, offset, lengthBytes, sha256 });
      const { ETag } = await client.send(command);
      return { ...sent, ETag: requireETag(ETag) };
    });
  });
