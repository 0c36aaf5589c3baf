import { createCsvMachine } from '../../core/csv-machine.ts';
import { advanceCsv, finishCsv, type QuotingError, startCsvCursor } from '../../core/scan-csv.ts';
import { type RowFormat, startsWithBom } from '../../core/scan-range.ts';
import { type OpenBytes, readFully } from '../byte-source.ts';

/** Where a file's first row begins. With a quoting error before that, the file runs as one task. */
export type DataOffset = { readonly dataOffset: number; readonly quotingError?: QuotingError };

const BOM_BYTES = 3;

/** Bytes of one read: a header and some lines above it fit. */
const READ_BYTES = 65_536;

/**
 * Finds where the rows of a text file begin: behind a UTF-8 byte order mark and `skippedRows` rows
 * (`skip` and the header; as in DuckDB blank lines count, and a quoted newline does not end a row).
 */
export const findDataOffset = async (
  openBytes: OpenBytes,
  format: RowFormat,
  skippedRows: number,
): Promise<DataOffset> => {
  const file = await openBytes({ from: 0, until: READ_BYTES });
  try {
    const head = await readFully(file, Buffer.alloc(BOM_BYTES), 0);
    const bomBytes = startsWithBom(head) ? BOM_BYTES : 0;
    if (format.kind === 'lines' || skippedRows === 0) return { dataOffset: bomBytes };
    const machine = createCsvMachine(format.dialect);
    // DuckDB skips these rows before it looks for a mark: after one, a quote in the first field is text.
    const cursor = startCsvCursor(0);
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const bytesRead = await file.read(buffer, cursor.offset);
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
