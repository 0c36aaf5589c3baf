import { truncate } from 'node:fs/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { cutPart, type Part, writeParts } from '../write-parts.ts';
import { type ByteRange, type ObjectRef, type RangeOptions, requireRange } from './object-range.ts';

export type CopiedRanges = {
  /** Of the whole object, and of the local file. */
  readonly objectSizeBytes: number;
  /** Fetched: what is beyond the object's end is not. */
  readonly copiedBytes: number;
};

/**
 * Copies ranges of an object into a local file at their own offsets, in bounded parallel. The file gets the object's
 * size; what was not copied is a hole, which takes no disk and reads as zeros, or what an earlier copy put there.
 * Memory is at most 64 MiB. Fails as getObjectRange does, and with the system's own error where the disk is full;
 * the file is then not to be read.
 */
export const copyRangesToFile = async (
  client: S3Client,
  ref: ObjectRef,
  ranges: readonly ByteRange[],
  path: string,
  { signal }: Pick<RangeOptions, 'signal'> = {},
): Promise<CopiedRanges> => {
  const parts = ranges.flatMap((range): readonly Part[] => cutPart({ ...range, position: range.offset }));
  let objectSizeBytes: number | undefined;
  let copiedBytes = 0;
  await writeParts(path, parts, async (part) => {
    const found = await requireRange(client, ref, part, { signal });
    objectSizeBytes ??= found.objectSizeBytes;
    copiedBytes += found.bytes.length;
    return found.bytes;
  });
  // Of no range, or of none that begins inside of the object, nothing has told the size.
  objectSizeBytes ??=
    (await requireRange(client, ref, { offset: 0, lengthBytes: 0 }, { signal })).objectSizeBytes ?? 0;
  await truncate(path, objectSizeBytes);
  return { objectSizeBytes, copiedBytes };
};
