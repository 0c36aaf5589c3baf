import duckdb from '@duckdb/node-bindings';
import { ColumnOverflowError } from '../../contract/errors-arrow.ts';
import type { BatchParts, ColumnBuffer } from './column-buffer.ts';
import { words32 } from './gather.ts';
import { growBytes, LARGEST_BYTES } from './grow.ts';
import { expandFixed, rangeOf, rangeOfRows, type Selection } from './selection.ts';
import { renderDuckDBType } from './type-text.ts';
import type { ArrowColumn } from './types.ts';
import { createValidityBuffer, readValidity, type VectorSource } from './validity.ts';

/** DuckDB's `list_entry`: an offset into the child and a length, 8 bytes each. */
const ENTRY_BYTES = 16;

/** The children of the selected lists, and in `ends` where each list ends among those collected. */
const selectChildren = (
  entries: Uint32Array,
  selection: Selection,
  valid: Uint8Array | null,
  ends: { readonly words: Uint32Array; readonly at: number; readonly before: number },
): Selection => {
  const { start, count, rows } = selection;
  let total = 0;
  let first = -1;
  let isRange = true;
  for (let i = 0; i < count; i++) {
    if (valid === null || valid[i] !== 0) {
      const word = (rows === null ? start + i : (rows[start + i] as number)) * 4;
      const length = entries[word + 2] as number;
      if (length > 0) {
        if (first === -1) first = entries[word] as number;
        if (first + total !== entries[word]) isRange = false;
        total += length;
      }
    }
    ends.words[ends.at + i] = ends.before + total;
  }
  if (isRange) return rangeOf(Math.max(first, 0), total);
  const children = new Uint32Array(total);
  let to = 0;
  for (let i = 0; i < count; i++) {
    if (valid !== null && valid[i] === 0) continue;
    const word = (rows === null ? start + i : (rows[start + i] as number)) * 4;
    const offset = entries[word] as number;
    const length = entries[word + 2] as number;
    for (let child = 0; child < length; child++) children[to++] = offset + child;
  }
  return rangeOfRows(children);
};

/** Writes Arrow's offsets of the selected lists and says which of the collected children they hold. */
const emitOffsets = (ends: Uint32Array, selection: Selection, parts: BatchParts): Selection => {
  const { start, count, rows } = selection;
  const offsets = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) {
    const row = rows === null ? start + i : (rows[start + i] as number);
    const from = row === 0 ? 0 : (ends[row - 1] as number);
    offsets[i + 1] = (offsets[i] as number) + (ends[row] as number) - from;
  }
  parts.buffer(new Uint8Array(offsets.buffer));
  const total = offsets[count] as number;
  if (rows === null) return rangeOf(start === 0 ? 0 : (ends[start - 1] as number), total);
  const children = new Uint32Array(total);
  let to = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[start + i] as number;
    const end = ends[row] as number;
    for (let child = row === 0 ? 0 : (ends[row - 1] as number); child < end; child++) children[to++] = child;
  }
  return rangeOfRows(children);
};

/** Collects lists, and maps, which are lists of structs of a key and a value. */
export const createListBuffer = (column: ArrowColumn, child: ColumnBuffer): ColumnBuffer => {
  const validity = createValidityBuffer();
  let endBytes = new Uint8Array(0);
  let length = 0;
  return {
    append: (source, selection, parent) => {
      const valid = readValidity(source, selection, parent);
      const { count } = selection;
      const entries = words32(duckdb.vector_get_data(source.vector, source.size * ENTRY_BYTES));
      endBytes = growBytes(endBytes, (length + count) * 4);
      const words = words32(endBytes);
      const before = length === 0 ? 0 : (words[length - 1] as number);
      const children = selectChildren(entries, selection, valid, { words, at: length, before });
      if (before + children.count > LARGEST_BYTES)
        throw new ColumnOverflowError(
          column.name,
          renderDuckDBType(column.type),
          '2^31 elements in one batch of rows',
        );
      const size = duckdb.list_vector_get_size(source.vector);
      child.append({ vector: duckdb.list_vector_get_child(source.vector), size }, children, null);
      validity.append(valid, length, count);
      length += count;
    },
    emit: (selection, parts) => {
      const { nullCount, bits } = validity.emit(selection);
      parts.node(selection.count, nullCount);
      parts.buffer(bits);
      child.emit(emitOffsets(words32(endBytes), selection, parts), parts);
    },
    sizeBytes: () => length * 4 + child.sizeBytes(),
    clear: () => {
      length = 0;
      validity.clear();
      child.clear();
    },
  };
};

/** Each selected row's byte, as often as the row has children. */
const repeatBytes = (valid: Uint8Array | null, size: number): Uint8Array | null => {
  if (valid === null) return null;
  const repeated = new Uint8Array(valid.length * size);
  for (let i = 0; i < valid.length; i++) if (valid[i] !== 0) repeated.fill(1, i * size, (i + 1) * size);
  return repeated;
};

/** Collects arrays of a fixed size. */
export const createArrayBuffer = (size: number, child: ColumnBuffer): ColumnBuffer => {
  const validity = createValidityBuffer();
  let length = 0;
  return {
    append: (source, selection, parent) => {
      const valid = readValidity(source, selection, parent);
      const inner = { vector: duckdb.array_vector_get_child(source.vector), size: source.size * size };
      child.append(inner, expandFixed(selection, size), repeatBytes(valid, size));
      validity.append(valid, length, selection.count);
      length += selection.count;
    },
    emit: (selection, parts) => {
      const { nullCount, bits } = validity.emit(selection);
      parts.node(selection.count, nullCount);
      parts.buffer(bits);
      child.emit(expandFixed(selection, size), parts);
    },
    sizeBytes: () => child.sizeBytes(),
    clear: () => {
      length = 0;
      validity.clear();
      child.clear();
    },
  };
};

/** Collects structs. */
export const createStructBuffer = (children: readonly ColumnBuffer[]): ColumnBuffer => {
  const validity = createValidityBuffer();
  let length = 0;
  return {
    append: (source: VectorSource, selection, parent) => {
      const valid = readValidity(source, selection, parent);
      children.forEach((child, index) => {
        const vector = duckdb.struct_vector_get_child(source.vector, index);
        child.append({ vector, size: source.size }, selection, valid);
      });
      validity.append(valid, length, selection.count);
      length += selection.count;
    },
    emit: (selection, parts) => {
      const { nullCount, bits } = validity.emit(selection);
      parts.node(selection.count, nullCount);
      parts.buffer(bits);
      for (const child of children) child.emit(selection, parts);
    },
    sizeBytes: () => children.reduce((bytes, child) => bytes + child.sizeBytes(), 0),
    clear: () => {
      length = 0;
      validity.clear();
      for (const child of children) child.clear();
    },
  };
};
