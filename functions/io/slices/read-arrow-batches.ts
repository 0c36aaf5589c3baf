import type { Field } from 'apache-arrow';
import type { PinnedArrowInput, PinnedFile } from '../../contract/pinned-input.ts';
import { findBuffers } from '../arrow/find-buffers.ts';
import { readArrowInput } from '../read-arrow-input.ts';
import type { PlacedRowGroup } from './read-row-groups.ts';

/** Neighbouring batches of fewer bytes than this are cut from each other by no slice. */
const JOINED_BYTES = 65_536;

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
    const buffers = findBuffers(message.header, fields, wanted);
    const columnBytes = buffers.reduce((bytes, { length }) => bytes + length, 0);
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
