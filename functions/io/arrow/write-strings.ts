import duckdb from '@duckdb/node-bindings';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { words32 } from './gather.ts';
import type { LoadedArray } from './loaded-array.ts';
import { INLINE_BYTES, STRING_BYTES } from './string-vector.ts';

type Bytes = Extract<LoadedArray, { kind: 'bytes' }>;

/**
 * Gives the vector the whole stretch of text as one string, so that DuckDB keeps it in the vector's own
 * heap, and returns where it lies there as two words. The string_t of each row then points into it: one
 * call a vector instead of one a string.
 */
const placeText = (vector: duckdb.Vector, text: Uint8Array): readonly [number, number] => {
  duckdb.vector_assign_string_element_len(vector, 0, text);
  const words = words32(duckdb.vector_get_data(vector, STRING_BYTES));
  // DuckDB makes the row null instead where the text is not UTF-8.
  if (words[0] !== text.byteLength)
    throw new ArrowFormatError('DuckDB does not take a text: it is not UTF-8');
  return [words[2] as number, words[3] as number];
};

const hasLong = (offsets: Int32Array, start: number, count: number): boolean => {
  for (let i = start; i < start + count; i++)
    if ((offsets[i + 1] as number) - (offsets[i] as number) > INLINE_BYTES) return true;
  return false;
};

/** Bytes at `at`, fewer than 5, as a word whose other bytes are zero. */
const shortWord = (data: Uint8Array, at: number, length: number): number => {
  let word = 0;
  for (let i = 0; i < length; i++) word |= (data[at + i] as number) << (8 * i);
  return word;
};

const MASKS = new Uint32Array([0, 0xff, 0xffff, 0xffffff, 0xffffffff]);
const maskOf = (bytes: number): number => MASKS[Math.max(0, Math.min(4, bytes))] as number;

/** Writes text or bytes as DuckDB's 16-byte structs; rows that are null in `validity` become empty. */
export const writeStrings = (
  vector: duckdb.Vector,
  array: Bytes,
  { start, count }: { readonly start: number; readonly count: number },
  validity: Uint8Array | null,
): void => {
  const { offsets, data } = array;
  const first = offsets[start] as number;
  const last = offsets[start + count] as number;
  const heap = hasLong(offsets, start, count) ? placeText(vector, data.subarray(first, last)) : [0, 0];
  const heapLow = heap[0] as number;
  const heapHigh = heap[1] as number;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const safeEnd = data.byteLength - INLINE_BYTES;
  const out = new Uint32Array(count * 4);
  for (let i = 0; i < count; i++) {
    if (validity !== null && (((validity[i >>> 3] as number) >>> (i & 7)) & 1) === 0) continue;
    const at = offsets[start + i] as number;
    const length = (offsets[start + i + 1] as number) - at;
    const word = i * 4;
    out[word] = length;
    if (length > INLINE_BYTES) {
      const low = heapLow + (at - first);
      out[word + 1] = view.getUint32(at, true);
      out[word + 2] = low % 2 ** 32;
      out[word + 3] = heapHigh + Math.floor(low / 2 ** 32);
    } else if (at <= safeEnd) {
      out[word + 1] = view.getUint32(at, true) & maskOf(length);
      out[word + 2] = view.getUint32(at + 4, true) & maskOf(length - 4);
      out[word + 3] = view.getUint32(at + 8, true) & maskOf(length - 8);
    } else {
      out[word + 1] = shortWord(data, at, Math.min(4, length));
      out[word + 2] = shortWord(data, at + 4, Math.max(0, Math.min(4, length - 4)));
      out[word + 3] = shortWord(data, at + 8, Math.max(0, length - 8));
    }
  }
  duckdb.copy_data_to_vector(vector, 0, out.buffer, 0, out.byteLength);
};
