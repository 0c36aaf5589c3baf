import { isUtf8 } from 'node:buffer';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import type { BatchCursor } from './decode-message.ts';
import type { LoadedArray } from './loaded-array.ts';
import type { Width } from './types.ts';

/** Reads one column, with its children, from the cursor. */
export type LoadArray = (cursor: BatchCursor) => LoadedArray;

const loadValidity = (cursor: BatchCursor, length: number, nullCount: number): Uint8Array | null => {
  const bits = cursor.buffer(0);
  if (nullCount === 0 || length === 0) return null;
  if (bits.byteLength < (length + 7) >>> 3) throw new ArrowFormatError('a validity bitmap is too short');
  return bits;
};

/** The same bytes at an address that suits words of `width` bytes. */
const aligned = (bytes: Uint8Array, width: number): Uint8Array =>
  bytes.byteOffset % width === 0 ? bytes : bytes.slice();

/** Values of a fixed width; `change` turns them into DuckDB's, of the width `to`. */
export const loadFixed =
  (from: number, to: Width, change?: (values: Uint8Array, length: number) => Uint8Array): LoadArray =>
  (cursor) => {
    const { length, nullCount } = cursor.node();
    const validity = loadValidity(cursor, length, nullCount);
    const stored = cursor.buffer(length * from).subarray(0, length * from);
    const values = change === undefined ? stored : change(aligned(stored, 8), length);
    return { kind: 'fixed', length, validity, width: to, values };
  };

export const loadBits =
  (change: (bits: Uint8Array, length: number) => Uint8Array): LoadArray =>
  (cursor) => {
    const { length, nullCount } = cursor.node();
    const validity = loadValidity(cursor, length, nullCount);
    const values = change(cursor.buffer((length + 7) >>> 3), length);
    return { kind: 'fixed', length, validity, width: 1, values };
  };

export const loadNull: LoadArray = (cursor) => {
  const { length } = cursor.node();
  return { kind: 'null', length, validity: null };
};

const NO_OFFSETS = new Int32Array(1);

const narrowOffsets = (bytes: Uint8Array, length: number): Int32Array => {
  const wide = new BigInt64Array(bytes.buffer, bytes.byteOffset, length + 1);
  const offsets = new Int32Array(length + 1);
  for (let i = 0; i <= length; i++) {
    const offset = Number(wide[i]);
    if (offset > 2 ** 31 - 1) throw new ArrowFormatError('a batch holds more than 2 GiB in one column');
    offsets[i] = offset;
  }
  return offsets;
};

/** Offsets of 4 or 8 bytes. An empty column may have none. */
const loadOffsets = (cursor: BatchCursor, length: number, width: 4 | 8): Int32Array => {
  const bytes = aligned(cursor.buffer(length === 0 ? 0 : (length + 1) * width), width);
  if (length === 0) return NO_OFFSETS;
  return width === 4
    ? new Int32Array(bytes.buffer, bytes.byteOffset, length + 1)
    : narrowOffsets(bytes, length);
};

const checkOffsets = (offsets: Int32Array, limit: number): void => {
  let before = 0;
  for (let i = 0; i < offsets.length; i++) {
    const offset = offsets[i] as number;
    if (offset < before) throw new ArrowFormatError('offsets do not rise');
    before = offset;
  }
  if (before > limit) throw new ArrowFormatError('an offset lies behind the end of its data');
};

/** Text must be UTF-8, and each value must begin where a character begins: DuckDB trusts both. */
export const checkText = (offsets: Int32Array, data: Uint8Array): void => {
  const begin = offsets[0] as number;
  const end = offsets[offsets.length - 1] as number;
  if (!isUtf8(data.subarray(begin, end))) throw new ArrowFormatError('a column of text is not UTF-8');
  for (let i = 0; i < offsets.length; i++) {
    const at = offsets[i] as number;
    if (at < end && ((data[at] as number) & 0xc0) === 0x80)
      throw new ArrowFormatError('a text begins inside a character');
  }
};

export const loadBytes =
  (offsetWidth: 4 | 8, content: 'text' | 'bytes'): LoadArray =>
  (cursor) => {
    const { length, nullCount } = cursor.node();
    const validity = loadValidity(cursor, length, nullCount);
    const offsets = loadOffsets(cursor, length, offsetWidth);
    const data = cursor.buffer(0);
    checkOffsets(offsets, data.byteLength);
    if (content === 'text') checkText(offsets, data);
    return { kind: 'bytes', length, validity, offsets, data };
  };

/** Arrow's fixed-size binary, which DuckDB has as BLOB. */
export const loadFixedBytes =
  (size: number): LoadArray =>
  (cursor) => {
    const { length, nullCount } = cursor.node();
    const validity = loadValidity(cursor, length, nullCount);
    const data = cursor.buffer(length * size);
    const offsets = Int32Array.from({ length: length + 1 }, (_, index) => index * size);
    return { kind: 'bytes', length, validity, offsets, data };
  };

export const loadList =
  (offsetWidth: 4 | 8, loadChild: LoadArray): LoadArray =>
  (cursor) => {
    const { length, nullCount } = cursor.node();
    const validity = loadValidity(cursor, length, nullCount);
    const offsets = loadOffsets(cursor, length, offsetWidth);
    const child = loadChild(cursor);
    checkOffsets(offsets, child.length);
    return { kind: 'list', length, validity, offsets, child };
  };

export const loadFixedList =
  (size: number, loadChild: LoadArray): LoadArray =>
  (cursor) => {
    const { length, nullCount } = cursor.node();
    const validity = loadValidity(cursor, length, nullCount);
    const child = loadChild(cursor);
    if (child.length < length * size) throw new ArrowFormatError('an array has too few elements');
    return { kind: 'array', length, validity, size, child };
  };

export const loadStruct =
  (loadChildren: readonly LoadArray[]): LoadArray =>
  (cursor) => {
    const { length, nullCount } = cursor.node();
    const validity = loadValidity(cursor, length, nullCount);
    const children = loadChildren.map((load) => load(cursor));
    if (children.some((child) => child.length < length))
      throw new ArrowFormatError('a struct has a child with too few rows');
    return { kind: 'struct', length, validity, children };
  };
