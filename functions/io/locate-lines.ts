import { isUtf8 } from 'node:buffer';
import { INPUT_LIMITS, type PinnedFile } from '../contract/pinned-input.ts';
import { isBlankByte } from '../core/scan-lines.ts';
import { readDecompressed } from './read-head.ts';

/** Where a line begins: lines count from 1, bytes from 0, after decompression. */
export type LinePlace = { readonly line: number; readonly byteOffset: number };
export type LocatedLine = LinePlace & {
  /** At most {@link INPUT_LIMITS}.rejectedLineCharacters; bytes that are not UTF-8 are replaced. */
  readonly raw: string;
  readonly isUtf8: boolean;
};

const FEED = 0x0a;
const RETURN = 0x0d;

/**
 * Finds the physical line of each byte offset. DuckDB's positions of rows are 1 too high, and point at the line ends
 * before the row where blank lines or CR LFs stand there; what it counts as lines are rows. Offsets ascend; each answer
 * has the corrected offset.
 */
export const locateOffsets = async (
  file: PinnedFile,
  positions: readonly number[],
): Promise<readonly LinePlace[]> => {
  const newline = file.newline === '\r' ? RETURN : FEED;
  const places: LinePlace[] = [];
  let begin = 0;
  let line = 1;
  let counted = 0;
  /** Line ends that were passed over before the row in question. */
  let passed = 0;
  for await (const part of readDecompressed(file)) {
    const end = begin + part.length;
    for (;;) {
      const position = positions[places.length];
      if (position === undefined) return places;
      const offset = Math.max(0, position - 1) + passed;
      const stop = Math.min(offset, end) - begin;
      for (
        let at = part.indexOf(newline, counted);
        at >= 0 && at < stop;
        at = part.indexOf(newline, at + 1)
      ) {
        line += 1;
        counted = at + 1;
      }
      if (offset >= end) break;
      if (part[stop] === FEED || part[stop] === RETURN) {
        passed += 1;
        continue;
      }
      places.push({ line, byteOffset: offset });
      passed = 0;
    }
    counted = 0;
    begin = end;
  }
  while (places.length < positions.length)
    places.push({ line, byteOffset: Math.max(0, (positions[places.length] ?? 1) - 1) });
  return places;
};

/** Bytes that are enough for the characters kept of a line. */
const KEPT_BYTES = 4 * INPUT_LIMITS.rejectedLineCharacters;

/**
 * Finds the lines with the given numbers, which ascend and count from 1 the lines that are not blank.
 */
export const locateFilledLines = async (
  file: PinnedFile,
  wanted: readonly number[],
): Promise<readonly LocatedLine[]> => {
  const located: LocatedLine[] = [];
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let isValid = true;
  let line = 1;
  let filled = 0;
  let isFilled = false;
  let offset = 0;
  let begin = 0;
  const isWanted = (): boolean => wanted[located.length] === filled + 1;
  const endLine = (): void => {
    if (isFilled) {
      if (isWanted()) {
        const bytes = Buffer.concat(kept);
        const raw = bytes.toString('utf8').slice(0, INPUT_LIMITS.rejectedLineCharacters);
        located.push({ line, byteOffset: offset, raw, isUtf8: isValid && isUtf8(trimPartial(bytes)) });
      }
      filled += 1;
    }
    kept = [];
    keptBytes = 0;
    isValid = true;
    isFilled = false;
    line += 1;
  };
  for await (const part of readDecompressed(file)) {
    let at = 0;
    while (at < part.length) {
      const feed = part.indexOf(FEED, at);
      const end = feed < 0 ? part.length : feed;
      const piece = part.subarray(at, end);
      isFilled ||= piece.some((byte) => !isBlankByte(byte));
      if (isWanted() && keptBytes < KEPT_BYTES) {
        kept.push(piece.subarray(0, KEPT_BYTES - keptBytes));
        keptBytes += piece.length;
      }
      if (feed < 0) break;
      endLine();
      offset = begin + feed + 1;
      at = feed + 1;
      if (located.length === wanted.length) return located;
    }
    begin += part.length;
  }
  endLine();
  return located;
};

/** Leaves out a character that the limit cut in two. */
const trimPartial = (bytes: Buffer): Buffer => {
  if (bytes.length < KEPT_BYTES) return bytes;
  let end = bytes.length;
  while (end > 0 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, Math.max(0, end - 1));
};
