import type { ByteRange } from './remote-files.ts';

/**
 * Ranges that lie no further apart than this are read together: in the time of one more request a connection brings
 * about as many bytes.
 */
const MERGED_GAP_BYTES = 65_536;

/**
 * Joins ranges that overlap or nearly touch, up to `mostBytes` where it is given; the result is in order, and holds each
 * of them whole in one range.
 */
export const mergeRanges = (
  ranges: readonly ByteRange[],
  mostBytes = Number.POSITIVE_INFINITY,
): readonly ByteRange[] => {
  const merged: { offset: number; lengthBytes: number }[] = [];
  for (const { offset, lengthBytes } of [...ranges].sort((left, right) => left.offset - right.offset)) {
    const last = merged.at(-1);
    const joined = last === undefined ? 0 : Math.max(last.lengthBytes, offset + lengthBytes - last.offset);
    const isNear = last !== undefined && offset <= last.offset + last.lengthBytes + MERGED_GAP_BYTES;
    if (isNear && (joined <= mostBytes || joined === last.lengthBytes)) last.lengthBytes = joined;
    else merged.push({ offset, lengthBytes });
  }
  return merged;
};

/** The part of a range that lies in a file of so many bytes; a damaged file may point anywhere. */
export const clipRange = ({ offset, lengthBytes }: ByteRange, sizeBytes: number): ByteRange[] => {
  const begin = Math.max(0, offset);
  const end = Math.min(sizeBytes, offset + lengthBytes);
  return begin < end ? [{ offset: begin, lengthBytes: end - begin }] : [];
};
