import type { Field } from 'apache-arrow';
import type { RecordBatch } from 'apache-arrow/ipc/metadata/message';
import type { PinnedArrowInput, PinnedFile } from '../../contract/pinned-input.ts';
import { skipColumn } from '../arrow/skip-column.ts';
import { readArrowInput } from '../read-arrow-input.ts';
import type { PlacedRowGroup } from './read-row-groups.ts';

/** Neighbouring batches of fewer bytes than this are cut from each other by no slice. */
const JOINED_BYTES = 65_536;

/** Bytes of the wanted columns, as they lie in the file. */
const weighBatch = (header: RecordBatch, fields: readonly Field[], wanted: ReadonlySet<number>): number => {
  let buffer = 0;
  let variadic = 0;
  let bytes = 0;
  let isWanted = false;
  const cursor = {
    node: () => ({ length: 0, nullCount: 0 }),
    skipBuffer: () => {
      const { length = 0 } = header.buffers[buffer++] ?? {};
      if (isWanted) bytes += length;
    },
    // A damaged header may say anything here; that ends with the batch's buffers, and reading it fails by name.
    variadicCount: () => Math.min(header.variadicBufferCounts[variadic++] ?? 0, header.buffers.length),
  };
  for (const [index, field] of fields.entries()) {
    isWanted = wanted.has(index);
    skipColumn(cursor, field.type);
  }
  return bytes;
};

const batchesOf = (file: PinnedFile, index: number, wanted: ReadonlySet<number>): PlacedRowGroup[] => {
  const groups: PlacedRowGroup[] = [];
  let fields: readonly Field[] = [];
  let firstRow = 0;
  let batch = -1;
  for (const message of readArrowInput(file)) {
    if (message.kind === 'schema') fields = message.schema.fields;
    if (message.kind !== 'batch') continue;
    batch += 1;
    if (message.header.length === 0) continue;
    const rows = message.header.length;
    const columnBytes = weighBatch(message.header, fields, wanted);
    const last = groups.at(-1);
    if (last !== undefined && last.columnBytes + columnBytes <= JOINED_BYTES)
      groups[groups.length - 1] = {
        ...last,
        rows: last.rows + rows,
        columnBytes: last.columnBytes + columnBytes,
        batches: [last.batches?.[0] ?? batch, batch + 1],
      };
    else
      groups.push({
        file: index,
        rowGroup: groups.length,
        firstRow,
        rows,
        columnBytes,
        batches: [batch, batch + 1],
        mayMatch: true,
      });
    firstRow += rows;
  }
  return groups;
};

/**
 * Reads where the record batches of all files lie, in the order of files and rows, small ones joined;
 * `columnBytes` are the bytes of `columns`. Reads headers, and no body. Throws InputFormatError.
 */
export const readArrowBatches = (
  input: PinnedArrowInput,
  columns: readonly string[],
): readonly PlacedRowGroup[] =>
  input.files.flatMap((file, index) => {
    const layout = input.layouts[file.layout ?? -1] ?? [];
    const wanted = new Set(layout.flatMap(({ name }, at) => (columns.includes(name) ? [at] : [])));
    return batchesOf(file, index, wanted);
  });
