import type { PinnedFile, PinnedParquetInput } from '../../contract/pinned-input.ts';
import { LIKELY_ROW_BYTES } from './copy-samples.ts';

/** Files whose first rows are looked at: mostly the first one has enough. */
const MOST_FIRST_FILES = 8;

/** The first files, with as many rows as wanted by what a row is likely to need. */
export const firstFilesOf = (pinned: readonly PinnedFile[], rows: number): readonly PinnedFile[] => {
  let bytes = 0;
  return pinned.slice(0, MOST_FIRST_FILES).filter(({ sizeBytes }) => {
    const isWanted = bytes < rows * LIKELY_ROW_BYTES;
    bytes += sizeBytes;
    return isWanted;
  });
};

/** The first row groups; a file whose own column hides the number of a row is read whole. */
export const firstRowsOf = (input: PinnedParquetInput, rows: number): PinnedParquetInput => {
  const isWhole = input.columns.some(({ name }) => name.toLowerCase() === 'file_row_number');
  let left = rows;
  const files = input.files.flatMap((file) => {
    if (left <= 0) return [];
    const taken = Math.min(left, file.rows ?? 0);
    left -= taken;
    return [isWhole || taken === file.rows ? file : { ...file, readRows: [0, taken] as [number, number] }];
  });
  return { ...input, files };
};
