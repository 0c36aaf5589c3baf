import duckdb from '@duckdb/node-bindings';
import { ColumnOverflowError } from '../../contract/errors-arrow.ts';
import type { BatchParts, ColumnBuffer } from './column-buffer.ts';
import { copyBytes, spanOf } from './copy-bytes.ts';
import { words32 } from './gather.ts';
import { growBytes, LARGEST_BYTES } from './grow.ts';
import type { Selection } from './selection.ts';
import { copyStrings, INLINE_BYTES, STRING_BYTES, sumLengths } from './string-vector.ts';
import { renderDuckDBType } from './type-text.ts';
import type { ArrowColumn } from './types.ts';
import { createValidityBuffer, readValidity } from './validity.ts';

/** Text or bytes collected so far: row `i` ends at `ends[i]` and starts where the row before ends. */
type Collected = { readonly ends: Uint32Array; readonly data: Uint8Array };

const emitRange = ({ ends, data }: Collected, start: number, count: number, parts: BatchParts): void => {
  const first = start === 0 ? 0 : (ends[start - 1] as number);
  const offsets = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) offsets[i + 1] = (ends[start + i] as number) - first;
  parts.buffer(new Uint8Array(offsets.buffer));
  parts.buffer(data.subarray(first, first + (offsets[count] as number)));
};

const emitRows = (
  { ends, data }: Collected,
  selection: Selection,
  rows: Uint32Array,
  parts: BatchParts,
): void => {
  const { start, count } = selection;
  const offsets = new Int32Array(count + 1);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[start + i] as number;
    total += (ends[row] as number) - (row === 0 ? 0 : (ends[row - 1] as number));
    offsets[i + 1] = total;
  }
  const out = new Uint8Array(total);
  const source = spanOf(data);
  const target = spanOf(out);
  for (let i = 0; i < count; i++) {
    const row = rows[start + i] as number;
    const from = row === 0 ? 0 : (ends[row - 1] as number);
    copyBytes(source, from, target, offsets[i] as number, (ends[row] as number) - from);
  }
  parts.buffer(new Uint8Array(offsets.buffer));
  parts.buffer(out);
};

/** Collects strings and blobs from DuckDB's 16-byte structs, with no JavaScript string for any of them. */
export const createBytesBuffer = (column: ArrowColumn): ColumnBuffer => {
  const validity = createValidityBuffer();
  let data = new Uint8Array(0);
  let endBytes = new Uint8Array(0);
  let length = 0;
  const dataEnd = (): number => (length === 0 ? 0 : (words32(endBytes)[length - 1] as number));
  return {
    append: (source, selection, parent) => {
      const valid = readValidity(source, selection, parent);
      const { count } = selection;
      const structs = words32(duckdb.vector_get_data(source.vector, source.size * STRING_BYTES));
      const end = dataEnd();
      const needed = end + sumLengths(structs, selection, valid);
      if (needed > LARGEST_BYTES)
        throw new ColumnOverflowError(
          column.name,
          renderDuckDBType(column.type),
          '2 GiB in one batch of rows',
        );
      data = growBytes(data, needed + INLINE_BYTES);
      endBytes = growBytes(endBytes, (length + count) * 4);
      copyStrings(structs, selection, valid, { ends: words32(endBytes), at: length, data, dataEnd: end });
      validity.append(valid, length, count);
      length += count;
    },
    emit: (selection, parts) => {
      const { nullCount, bits } = validity.emit(selection);
      parts.node(selection.count, nullCount);
      parts.buffer(bits);
      const collected = { ends: words32(endBytes), data };
      if (selection.rows === null) emitRange(collected, selection.start, selection.count, parts);
      else emitRows(collected, selection, selection.rows, parts);
    },
    sizeBytes: () => dataEnd() + length * 4,
    clear: () => {
      length = 0;
      validity.clear();
    },
  };
};
