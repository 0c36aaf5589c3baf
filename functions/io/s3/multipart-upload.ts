import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ByteRange } from '../../core/plan-parts.ts';
import { mapBounded } from '../map-bounded.ts';

/** Parts of one object in flight: enough to hide the time until the store answers. */
const MAX_PARTS = 8;

export type UploadTarget = { readonly Bucket: string; readonly Key: string; readonly ContentType: string };
export type UploadedPart = Omit<CompletedPart, 'PartNumber'>;

/**
 * Makes an object of ranges that `putPart` sends, each under its number from 1. It appears whole, at the end; where
 * that is not reached the upload is ended, so that nothing of it is kept. Returns the ETag.
 */
export const uploadInParts = async (
  client: S3Client,
  { ContentType, ...object }: UploadTarget,
  ranges: readonly ByteRange[],
  putPart: (
    range: ByteRange,
    upload: { readonly UploadId: string; readonly PartNumber: number },
  ) => Promise<UploadedPart | undefined>,
): Promise<string> => {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...object, ContentType }));
  if (UploadId === undefined) throw new Error('the store gave an upload no id');
  try {
    const Parts = await mapBounded([...ranges.entries()], MAX_PARTS, async ([index, range]) => {
      const PartNumber = index + 1;
      return { ...(await putPart(range, { UploadId, PartNumber })), PartNumber };
    });
    const { ETag } = await client.send(
      new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }),
    );
    return requireETag(ETag);
  } catch (error) {
    await endUpload(client, { ...object, UploadId }, error);
    throw error;
  }
};

/** What keeps the upload from being ended stands beside the reason why it should be. */
const endUpload = async (
  client: S3Client,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string },
  reason: unknown,
): Promise<void> => {
  try {
    await client.send(new AbortMultipartUploadCommand(upload));
  } catch (error) {
    if (reason instanceof Error && reason.cause === undefined) reason.cause = error;
  }
};

/** Every write on S3 is answered with one. */
export const requireETag = (etag: string | undefined): string => {
  if (etag === undefined) throw new Error('the store answered a write without an ETag');
  return etag;
};
