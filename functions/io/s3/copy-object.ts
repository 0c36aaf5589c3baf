import { CopyObjectCommand, type S3Client, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { planParts } from '../../core/plan-parts.ts';
import type { S3Address } from '../../core/s3-address.ts';
import { requireETag, type UploadTarget, uploadInParts } from './multipart-upload.ts';

export type CopyLimits = {
  /** What S3 copies in one request: 5 GB. */
  readonly wholeBytes: number;
  /** A larger object is copied in ranges of so many bytes. */
  readonly partBytes: number;
};

/** 512 MiB are copied in seconds: no request comes near the longest that a client waits. */
export const COPY_LIMITS: CopyLimits = { wholeBytes: 5e9, partBytes: 512 * 1024 ** 2 };

/** Copies an object inside the store, of which the bytes never come here. Returns the ETag of the copy. */
export const copyObject = async (
  client: S3Client,
  source: S3Address & { readonly sizeBytes: number },
  target: UploadTarget,
  limits: CopyLimits = COPY_LIMITS,
): Promise<string> => {
  const CopySource = `${source.bucket}/${source.key.split('/').map(encodeURIComponent).join('/')}`;
  if (source.sizeBytes <= limits.wholeBytes) {
    // Only a replaced description lets the content type be given.
    const command = new CopyObjectCommand({ ...target, CopySource, MetadataDirective: 'REPLACE' });
    return requireETag((await client.send(command)).CopyObjectResult?.ETag);
  }
  const { ContentType: _, ...object } = target;
  return uploadInParts(
    client,
    target,
    planParts(source.sizeBytes, limits.partBytes),
    async ({ offset, lengthBytes }, upload) => {
      const CopySourceRange = `bytes=${offset}-${offset + lengthBytes - 1}`;
      const command = new UploadPartCopyCommand({ ...object, ...upload, CopySource, CopySourceRange });
      const { LastModified: _, ...part } = (await client.send(command)).CopyPartResult ?? {};
      return part;
    },
  );
};
