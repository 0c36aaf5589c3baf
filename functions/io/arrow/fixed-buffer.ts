import duckdb from '@duckdb/node-bindings';
import { changeToArrow } from './change-values.ts';
import type { ColumnBuffer } from './column-buffer.ts';
import { gatherValues } from './gather.ts';
import { growBytes } from './grow.ts';
import type { ArrowColumn, Change, Width } from './types.ts';
import { createValidityBuffer, packBits, readValidity } from './validity.ts';

const zeroNulls = (values: Uint8Array, valid: Uint8Array, width: number): void => {
  for (let i = 0; i < valid.length; i++) if (valid[i] === 0) values.fill(0, i * width, (i + 1) * width);
};

/** Collects values of a fixed number of bytes as DuckDB has them, and changes them when they are given out. */
export const createFixedBuffer = (
  column: ArrowColumn,
  layout: { readonly width: Width; readonly change: Change },
): ColumnBuffer => {
  const { width, change } = layout;
  const validity = createValidityBuffer();
  let values = new Uint8Array(0);
  let length = 0;
  return {
    append: (source, selection, parent) => {
      const valid = readValidity(source, selection, parent);
      const { count } = selection;
      values = growBytes(values, (length + count) * width);
      const from = duckdb.vector_get_data(source.vector, source.size * width);
      gatherValues({ to: values, at: length }, from, selection, width);
      if (valid !== null) zeroNulls(values.subarray(length * width, (length + count) * width), valid, width);
      validity.append(valid, length, count);
      length += count;
    },
    emit: (selection, parts) => {
      const { nullCount, bits } = validity.emit(selection);
      parts.node(selection.count, nullCount);
      parts.buffer(bits);
      const { start, count, rows } = selection;
      if (rows === null && change === 'none') {
        parts.buffer(values.subarray(start * width, (start + count) * width));
        return;
      }
      const gathered = new Uint8Array(count * width);
      gatherValues({ to: gathered, at: 0 }, values, selection, width);
      parts.buffer(changeToArrow(gathered, { width, change }, column));
    },
    sizeBytes: () => length * width,
    clear: () => {
      length = 0;
      validity.clear();
    },
  };
};

/** Collects booleans as bytes and gives them out as bits. */
export const createBoolBuffer = (): ColumnBuffer => {
  const validity = createValidityBuffer();
  let values = new Uint8Array(0);
  let length = 0;
  return {
    append: (source, selection, parent) => {
      const valid = readValidity(source, selection, parent);
      const { count } = selection;
      values = growBytes(values, length + count);
      const from = duckdb.vector_get_data(source.vector, source.size);
      gatherValues({ to: values, at: length }, from, selection, 1);
      if (valid !== null) zeroNulls(values.subarray(length, length + count), valid, 1);
      validity.append(valid, length, count);
      length += count;
    },
    emit: (selection, parts) => {
      const { nullCount, bits } = validity.emit(selection);
      parts.node(selection.count, nullCount);
      parts.buffer(bits);
      parts.buffer(packBits(values, selection).bits);
    },
    sizeBytes: () => length,
    clear: () => {
      length = 0;
      validity.clear();
    },
  };
};

/** Counts rows that are all null; Arrow's null column has no buffers. */
export const createNullBuffer = (): ColumnBuffer => ({
  append: () => {},
  emit: (selection, parts) => parts.node(selection.count, selection.count),
  sizeBytes: () => 0,
  clear: () => {},
});
