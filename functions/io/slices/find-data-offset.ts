import { open } from 'node:fs/promises';
import { createCsvMachine } from '../../core/csv-machine.ts';
import { advanceCsv, finishCsv, type QuotingError, startCsvCursor } from '../../core/scan-csv.ts';
import { type RowFormat, startsWithBom } from '../../core/scan-range.ts';
import { CHUNK_BYTES } from './read-range.ts';

/** Where a file's first row begins. With a quoting error before that, the file runs as one task. */
export type DataOffset = { readonly dataOffset: number; readonly quotingError?: QuotingError };

const BOM_BYTES = 3;

/**
 * Finds where the rows of a text file begin: behind a UTF-8 byte order mark and `skippedRows` rows
 * (`skip` and the header; as in DuckDB blank lines count, and a quoted newline does not end a row).
 */
export const findDataOffset = async (
  path: string,
  format: RowFormat,
  skippedRows: number,
): Promise<DataOffset> => {
  const file = await open(path, 'r');
  try {
    const { bytesRead: headBytes, buffer: head } = await file.read(Buffer.alloc(BOM_BYTES), 0, BOM_BYTES, 0);
    const bomBytes = headBytes === BOM_BYTES && startsWithBom(head) ? BOM_BYTES : 0;
    if (format.kind === 'lines' || skippedRows === 0) return { dataOffset: bomBytes };
    const machine = createCsvMachine(format.dialect);
    // DuckDB skips these rows before it looks for a mark: after one, a quote in the first field is text.
    const cursor = startCsvCursor(0);
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, cursor.offset);
      const base = cursor.offset;
      const step = bytesRead === 0 ? finishCsv(cursor) : 'more';
      if (typeof step === 'object') return { dataOffset: base, quotingError: step };
      if (bytesRead === 0) return { dataOffset: cursor.offset };
      while (cursor.offset < base + bytesRead) {
        const rest = buffer.subarray(cursor.offset - base, bytesRead);
        const rowStep = advanceCsv(machine, cursor, rest, cursor.rowStartOffset + 1);
        if (typeof rowStep === 'object') return { dataOffset: base, quotingError: rowStep };
        if (rowStep === 'done' && cursor.rows + cursor.blankRows >= skippedRows) {
          return { dataOffset: cursor.rowStartOffset };
        }
      }
    }
  } finally {
    await file.close();
  }
};
