import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { mapBounded } from './map-bounded.ts';
import { writeAll } from './write-all.ts';

/** Bytes `offset` to `offset + lengthBytes` of something far away, and where they go in a local file. */
export type Part = { readonly offset: number; readonly lengthBytes: number; readonly position: number };

/**
 * The largest read: by then a request's first byte is a small share of its time (8 MiB take 0.1 s of a function's
 * network, the first byte as much), and of what is read again when one breaks off.
 */
export const PART_BYTES = 8 * 2 ** 20;

/** Bytes in memory at once. Eight large parts keep the network of a function busy. */
const BUFFER_BYTES = 64 * 2 ** 20;

/** Small reads are all waiting: facts of S3 ask for 16 to 64 at once of slices below 150 kB. */
const MOST_AT_ONCE = 64;

/** Cuts a part into reads of at most {@link PART_BYTES}. */
export const cutPart = <Cut extends Part>(part: Cut, partBytes = PART_BYTES): readonly Cut[] => {
  const count = Math.ceil(part.lengthBytes / partBytes);
  return Array.from({ length: count }, (_, index) => {
    const begin = index * partBytes;
    return {
      ...part,
      offset: part.offset + begin,
      position: part.position + begin,
      lengthBytes: Math.min(partBytes, part.lengthBytes - begin),
    };
  });
};

/** How many of these parts may be read at once, by the memory that the largest of them takes. */
export const countAtOnce = (parts: readonly Part[]): number => {
  const largest = parts.reduce((most, { lengthBytes }) => Math.max(most, lengthBytes), 1);
  return Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(BUFFER_BYTES / largest)));
};

/**
 * Fetches parts in bounded parallel and writes each at its position of a local file, which is made where it is not
 * there; other bytes of it stay. Where one fails, the others that are under way still end before that is thrown.
 */
export const writeParts = async <Each extends Part>(
  path: string,
  parts: readonly Each[],
  fetch: (part: Each) => Promise<Uint8Array>,
): Promise<void> => {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT);
  try {
    await mapBounded(parts, countAtOnce(parts), async (part) => {
      await writeAll(file, await fetch(part), part.position);
    });
  } finally {
    await file.close();
  }
};
