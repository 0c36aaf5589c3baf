import duckdb from '@duckdb/node-bindings';
import { copyBytes, type Span, spanOf } from './copy-bytes.ts';
import type { Selection } from './selection.ts';

/**
 * DuckDB's `string_t`, 16 bytes: a length of 4 bytes, then up to 12 bytes of text, or a prefix of 4
 * bytes and a pointer of 8.
 * @see https://duckdb.org/docs/stable/clients/c/vector
 */
export const STRING_BYTES = 16;
export const INLINE_BYTES = 12;
/**
 * Two strings no further apart than a page are read by one call: every byte between them lies in the
 * page of the one or of the other, so it can be read. 4096 is the smallest page of any platform.
 */
const PAGE_BYTES = 4096;

/** Sums the lengths of the selected strings, leaving out nulls. */
export const sumLengths = (words: Uint32Array, selection: Selection, valid: Uint8Array | null): number => {
  const { start, count, rows } = selection;
  let total = 0;
  for (let i = 0; i < count; i++) {
    if (valid !== null && valid[i] === 0) continue;
    const row = rows === null ? start + i : (rows[start + i] as number);
    total += words[row * 4] as number;
  }
  return total;
};

/** Where the text of the selected strings goes: `ends[at + i]` is set to the end of the i-th. */
export type StringTarget = {
  readonly ends: Uint32Array;
  readonly at: number;
  /** At least {@link INLINE_BYTES} longer than what is written. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly dataEnd: number;
};

/** Long strings still to be copied: `pointer[k]` in DuckDB's memory goes to `to[k]`. */
type LongStrings = {
  count: number;
  isAscending: boolean;
  readonly pointer: Float64Array;
  readonly to: Uint32Array;
  readonly length: Uint32Array;
};

/** Copies the text of the selected strings one after another behind `dataEnd`. */
export const copyStrings = (
  words: Uint32Array,
  selection: Selection,
  valid: Uint8Array | null,
  target: StringTarget,
): void => {
  const { start, count, rows } = selection;
  const { ends, at, data } = target;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let end = target.dataEnd;
  let long: LongStrings | null = null;
  for (let i = 0; i < count; i++) {
    if (valid === null || valid[i] !== 0) {
      const word = (rows === null ? start + i : (rows[start + i] as number)) * 4;
      const length = words[word] as number;
      if (length <= INLINE_BYTES) {
        // Always 12 bytes: what is too much is written over by the next, or lies behind the end.
        view.setUint32(end, words[word + 1] as number, true);
        view.setUint32(end + 4, words[word + 2] as number, true);
        view.setUint32(end + 8, words[word + 3] as number, true);
      } else {
        long ??= createLongStrings(count - i);
        // A pointer has at most 53 significant bits on every platform that Node runs on.
        const pointer = (words[word + 3] as number) * 2 ** 32 + (words[word + 2] as number);
        const k = long.count++;
        if (k > 0 && pointer < (long.pointer[k - 1] as number)) long.isAscending = false;
        long.pointer[k] = pointer;
        long.to[k] = end;
        long.length[k] = length;
      }
      end += length;
    }
    ends[at + i] = end;
  }
  if (long !== null) copyLongStrings(long, data);
};

const createLongStrings = (count: number): LongStrings => ({
  count: 0,
  isAscending: true,
  pointer: new Float64Array(count),
  to: new Uint32Array(count),
  length: new Uint32Array(count),
});

/** A stretch of DuckDB's memory that holds several strings. */
type Windows = { readonly start: Float64Array; readonly end: Float64Array; readonly count: number };

const findWindows = (long: LongStrings): Windows => {
  const { count, pointer, length } = long;
  const pointers = long.isAscending ? pointer : pointer.slice(0, count).sort();
  const start = new Float64Array(count);
  const end = new Float64Array(count);
  let windows = 0;
  for (let k = 0; k < count; k++) {
    const from = pointers[k] as number;
    if (windows === 0 || from - (pointers[k - 1] as number) > PAGE_BYTES) start[windows++] = from;
  }
  const found = { start, end, count: windows };
  let window = 0;
  for (let k = 0; k < count; k++) {
    const from = pointer[k] as number;
    window = windowOf(found, from, window);
    end[window] = Math.max(end[window] as number, from + (length[k] as number));
  }
  return found;
};

/** The last window that starts at or before `pointer`; `hint` is where the last one was. */
const windowOf = (windows: Windows, pointer: number, hint: number): number => {
  const { start, count } = windows;
  let low = hint;
  if (pointer >= (start[low] as number)) {
    if (low + 1 === count || pointer < (start[low + 1] as number)) return low;
    if (low + 2 === count || pointer < (start[low + 2] as number)) return low + 1;
  } else low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((start[middle] as number) <= pointer) low = middle;
    else high = middle - 1;
  }
  return low;
};

const POINTER = new BigUint64Array(1);
const POINTER_WORDS = new Uint32Array(POINTER.buffer);

const readWindow = (start: number, end: number): Uint8Array => {
  POINTER_WORDS[0] = start % 2 ** 32;
  POINTER_WORDS[1] = Math.floor(start / 2 ** 32);
  const bytes = duckdb.get_data_from_pointer(POINTER.buffer, 0, end - start);
  // A Buffer of Node's is a Uint8Array of another hidden class; one class keeps the loops below fast.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

const copyLongStrings = (long: LongStrings, data: Uint8Array): void => {
  const windows = findWindows(long);
  const read: (Span | undefined)[] = new Array(windows.count);
  const target = spanOf(data);
  let window = 0;
  // Neighbours in DuckDB's memory that are neighbours here too are copied as one piece.
  let piece = { window: 0, from: 0, to: 0, length: 0 };
  const copyPiece = (): void => {
    if (piece.length === 0) return;
    const bytes =
      read[piece.window] ??
      spanOf(readWindow(windows.start[piece.window] as number, windows.end[piece.window] as number));
    read[piece.window] = bytes;
    copyBytes(bytes, piece.from, target, piece.to, piece.length);
  };
  for (let k = 0; k < long.count; k++) {
    const pointer = long.pointer[k] as number;
    window = windowOf(windows, pointer, window);
    const from = pointer - (windows.start[window] as number);
    const to = long.to[k] as number;
    const length = long.length[k] as number;
    if (window === piece.window && from === piece.from + piece.length && to === piece.to + piece.length) {
      piece.length += length;
      continue;
    }
    copyPiece();
    piece = { window, from, to, length };
  }
  copyPiece();
};
