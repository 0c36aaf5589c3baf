import { ArrowFormatError } from '../../contract/errors-arrow.ts';

/**
 * Decodes LZ4 frames, which pyarrow and Polars write by default. Checksums inside the frame are not
 * verified: a block has its own, and Arrow's length is.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
const MAGIC = 0x184d2204;
const SKIPPABLE = 0x184d2a50;
const STORED_FLAG = 0x80000000;
const SMALLEST_MATCH = 4;
const FLAG = { blockChecksum: 0x10, contentSize: 0x08, contentChecksum: 0x04, dictionary: 0x01 };

type Output = { readonly bytes: Uint8Array; at: number };

const damaged = (what: string): never => {
  throw new ArrowFormatError(`an LZ4 frame is damaged: ${what}`);
};

const copyMatch = (out: Output, distance: number, length: number): void => {
  const { bytes } = out;
  const from = out.at - distance;
  if (distance === 0 || from < 0) damaged('a match begins before the data');
  if (out.at + length > bytes.length) damaged('it holds more than it says');
  // A match may overlap what it writes: then it repeats the last `distance` bytes.
  if (distance >= length) bytes.copyWithin(out.at, from, from + length);
  else for (let i = 0; i < length; i++) bytes[out.at + i] = bytes[from + i] as number;
  out.at += length;
};

const decodeBlock = (block: Uint8Array, out: Output): void => {
  let at = 0;
  const readLength = (first: number): number => {
    let length = first;
    if (first !== 15) return length;
    for (;;) {
      const more = block[at++] ?? damaged('a length is cut short');
      length += more;
      if (more !== 255) return length;
    }
  };
  while (at < block.length) {
    const token = block[at++] as number;
    const literals = readLength(token >>> 4);
    if (at + literals > block.length) damaged('literals are cut short');
    if (out.at + literals > out.bytes.length) damaged('it holds more than it says');
    out.bytes.set(block.subarray(at, at + literals), out.at);
    at += literals;
    out.at += literals;
    if (at === block.length) return;
    if (at + 2 > block.length) damaged('an offset is cut short');
    const distance = (block[at] as number) | ((block[at + 1] as number) << 8);
    at += 2;
    copyMatch(out, distance, readLength(token & 15) + SMALLEST_MATCH);
  }
};

/** Reads one frame from `at` on into `out` and returns where it ends. */
const decodeFrame = (frames: Uint8Array, start: number, out: Output): number => {
  const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength);
  const magic = view.getUint32(start, true);
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) return start + 8 + view.getUint32(start + 4, true);
  if (magic !== MAGIC) damaged('it does not begin with the magic number');
  const flags = view.getUint8(start + 4);
  if ((flags & FLAG.dictionary) !== 0) damaged('it needs a dictionary');
  let at = start + 7 + ((flags & FLAG.contentSize) !== 0 ? 8 : 0);
  for (;;) {
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) return at + ((flags & FLAG.contentChecksum) !== 0 ? 4 : 0);
    const size = word & ~STORED_FLAG;
    if (at + size > frames.length) damaged('a block is cut short');
    const block = frames.subarray(at, at + size);
    if ((word & STORED_FLAG) === 0) decodeBlock(block, out);
    else {
      if (out.at + size > out.bytes.length) damaged('it holds more than it says');
      out.bytes.set(block, out.at);
      out.at += size;
    }
    at += size + ((flags & FLAG.blockChecksum) !== 0 ? 4 : 0);
  }
};

/** Decodes frames that hold `length` bytes together. Throws ArrowFormatError. */
export const decodeLz4Frame = (frames: Uint8Array, length: number): Uint8Array => {
  const out = { bytes: new Uint8Array(length), at: 0 };
  for (let at = 0; at < frames.byteLength; ) at = decodeFrame(frames, at, out);
  return out.bytes.subarray(0, out.at);
};
