import { CopyObjectCommand, type S3Client, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { planParts } from '../../core/plan-parts.ts';
import type { S3Location } from '../../core/s3-uri.ts';
import { mapBounded } from '../map-bounded.ts';
import { requireETag, type UploadedObject, withMultipart } from './multipart.ts';

export type CopyLimits = {
  /** What S3 copies in one request: 5 GB. */
  readonly wholeBytes: number;
  /** A larger object is copied in ranges of so many bytes. */
  readonly partBytes: number;
};

/** 512 MiB are copied in seconds: no request comes near the longest that a client waits. */
export const COPY_LIMITS: CopyLimits = { wholeBytes: 5e9, partBytes: 512 * 2 ** 20 };

/** Ranges of one object that S3 copies at once: enough to hide the time until it answers. */
const PARTS_AT_ONCE = 8;

/** Copies an object inside the store, of which the bytes never come here. Returns the ETag of the copy. */
export const copyObject = async (
  client: S3Client,
  source: S3Location & { readonly sizeBytes: number },
  object: UploadedObject,
  limits: CopyLimits = COPY_LIMITS,
): Promise<string> => {
  const CopySource = `${source.bucket}/${source.key.split('/').map(encodeURIComponent).join('/')}`;
  if (source.sizeBytes <= limits.wholeBytes) {
    // Only a replaced description lets the content type be given.
    const command = new CopyObjectCommand({ ...object, CopySource, MetadataDirective: 'REPLACE' });
    return requireETag((await client.send(command)).CopyObjectResult?.ETag);
  }
  return withMultipart(client, object, (target) => {
    const parts = planParts(source.sizeBytes, limits.partBytes);
    return mapBounded([...parts.entries()], PARTS_AT_ONCE, async ([index, { offset, lengthBytes }]) => {
      const PartNumber = index + 1;
      const CopySourceRange = `bytes=${offset}-${offset + lengthBytes - 1}`;
      const command = new UploadPartCopyCommand({ ...target, PartNumber, CopySource, CopySourceRange });
      const { ETag, ChecksumSHA256 } = (await client.send(command)).CopyPartResult ?? {};
      return { PartNumber, ETag: requireETag(ETag), ChecksumSHA256 };
    });
  });
};
