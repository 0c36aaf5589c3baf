import { words32 } from './gather.ts';

/**
 * DuckDB has a UUID as a signed 128-bit number, lowest byte first, with its highest bit flipped, so that
 * numbers sort as the texts do. Arrow has the 16 bytes as they are written.
 */
const swapBytes = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);

const reverse = (values: Uint8Array): Uint32Array => {
  const from = words32(values);
  const to = new Uint32Array(from.length);
  for (let at = 0; at < from.length; at += 4) {
    to[at] = swapBytes(from[at + 3] as number);
    to[at + 1] = swapBytes(from[at + 2] as number);
    to[at + 2] = swapBytes(from[at + 1] as number);
    to[at + 3] = swapBytes(from[at] as number);
  }
  return to;
};

/** Both need values at an address that is a multiple of 4. */
export const uuidToArrow = (values: Uint8Array): Uint8Array => {
  const words = reverse(values);
  for (let at = 0; at < words.length; at += 4) words[at] = (words[at] as number) ^ 0x80;
  return new Uint8Array(words.buffer);
};

export const uuidToDuckDB = (values: Uint8Array): Uint8Array => {
  const words = reverse(values);
  for (let at = 3; at < words.length; at += 4) words[at] = (words[at] as number) ^ 0x80000000;
  return new Uint8Array(words.buffer);
};
