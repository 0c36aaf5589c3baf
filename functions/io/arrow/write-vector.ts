import type { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { LoadedBatch } from './decode-stream.ts';
import { type LoadedArray, sliceBits, unpackBits } from './loaded-array.ts';
import { rangeOf } from './selection.ts';
import { packBits } from './validity.ts';
import { writeStrings } from './write-strings.ts';

/** Rows `start .. start + count - 1`; `parent` are the bits of what is around, moved to begin at bit 0. */
type Rows = { readonly start: number; readonly count: number; readonly parent: Uint8Array | null };

/** DuckDB reads the child of a null struct or array as if it stood alone, so it must be null too. */
const validityOf = (array: LoadedArray, { start, count, parent }: Rows): Uint8Array | null => {
  if (array.kind === 'null') return new Uint8Array((count + 7) >>> 3);
  if (array.validity === null) return parent;
  const bits = sliceBits(array.validity, start, count);
  if (parent !== null)
    for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] as number) & (parent[i] as number);
  return bits;
};

const writeValidity = (vector: duckdb.Vector, bits: Uint8Array | null): void => {
  if (bits === null) return;
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(
    vector,
    0,
    bits.buffer as ArrayBuffer,
    bits.byteOffset,
    bits.byteLength,
  );
};

const repeatBits = (bits: Uint8Array | null, count: number, size: number): Uint8Array | null => {
  if (bits === null) return null;
  const valid = unpackBits(bits, count);
  const repeated = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) if (valid[i] !== 0) repeated.fill(1, i * size, (i + 1) * size);
  return packBits(repeated, rangeOf(0, repeated.length)).bits;
};

const writeList = (
  vector: duckdb.Vector,
  array: Extract<LoadedArray, { kind: 'list' }>,
  { start, count }: Rows,
): void => {
  const { offsets, child } = array;
  const first = offsets[start] as number;
  const total = (offsets[start + count] as number) - first;
  const entries = new Uint32Array(count * 4);
  for (let i = 0; i < count; i++) {
    const from = offsets[start + i] as number;
    entries[i * 4] = from - first;
    entries[i * 4 + 2] = (offsets[start + i + 1] as number) - from;
  }
  duckdb.copy_data_to_vector(vector, 0, entries.buffer, 0, entries.byteLength);
  duckdb.list_vector_reserve(vector, total);
  duckdb.list_vector_set_size(vector, total);
  if (total > 0)
    writeVector(duckdb.list_vector_get_child(vector), child, { start: first, count: total, parent: null });
};

/** Writes rows of a column to the first rows of a fresh vector. */
export const writeVector = (vector: duckdb.Vector, array: LoadedArray, rows: Rows): void => {
  const { start, count } = rows;
  const validity = validityOf(array, rows);
  switch (array.kind) {
    case 'null':
      break;
    case 'fixed': {
      const { values, width } = array;
      const at = values.byteOffset + start * width;
      duckdb.copy_data_to_vector(vector, 0, values.buffer as ArrayBuffer, at, count * width);
      break;
    }
    case 'bytes':
      writeStrings(vector, array, rows, validity);
      break;
    case 'list':
      writeList(vector, array, rows);
      break;
    case 'array': {
      const { size, child } = array;
      const parent = repeatBits(validity, count, size);
      writeVector(duckdb.array_vector_get_child(vector), child, {
        start: start * size,
        count: count * size,
        parent,
      });
      break;
    }
    case 'struct':
      array.children.forEach((child, index) => {
        writeVector(duckdb.struct_vector_get_child(vector, index), child, { start, count, parent: validity });
      });
      break;
  }
  writeValidity(vector, validity);
};

/**
 * Fills a fresh or reset chunk with `count` rows of a batch from `start` on, at most DuckDB's vector size.
 * `columns` names the batch's columns in the chunk's order; left out, it is all of them.
 */
export const writeChunk = (
  chunk: DuckDBDataChunk,
  batch: LoadedBatch,
  rows: { readonly start: number; readonly count: number },
  columns?: readonly number[],
): void => {
  chunk.rowCount = rows.count;
  const arrays = columns === undefined ? batch.arrays : columns.map((column) => batch.arrays[column]);
  arrays.forEach((array, index) => {
    if (array === undefined) throw new Error(`the batch has no column ${columns?.[index]}`);
    writeVector(duckdb.data_chunk_get_vector(chunk.chunk, index), array, { ...rows, parent: null });
  });
};
