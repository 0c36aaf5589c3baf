import type { CsvCursor, ScanStep } from './scan-csv.ts';

const NEWLINE = 0x0a;
/** What the engine's reader of JSON lines passes over: the white space of C. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0b, 0x0c, 0x0d, NEWLINE]);

/** Whether a line of nothing but such bytes is no row. */
export const isBlankByte = (byte: number): boolean => BLANKS.has(byte);

/**
 * The same as `advanceCsv` for formats in which every newline ends a row (jsonl, text): a cut there
 * is always right. `cursor.state` is 1 once the row holds a byte that is not blank.
 */
export const advanceLines = (cursor: CsvCursor, bytes: Uint8Array, stopOffset: number): ScanStep => {
  const base = cursor.offset;
  let from = 0;
  while (from < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, from);
    const to = newline < 0 ? bytes.length : newline + 1;
    for (let at = from; cursor.state === 0 && at < to; at++) {
      if (!BLANKS.has(bytes[at] ?? NEWLINE)) cursor.state = 1;
    }
    from = to;
    cursor.offset = base + to;
    if (newline < 0) return 'more';
    endLine(cursor);
    if (cursor.offset >= stopOffset) return 'done';
  }
  return 'more';
};

const endLine = (cursor: CsvCursor): void => {
  if (cursor.state === 0) cursor.blankRows++;
  else cursor.rows++;
  cursor.state = 0;
  cursor.rowStartOffset = cursor.offset;
};

/** Ends a scan at the file's last byte: a last line without a newline counts. */
export const finishLines = (cursor: CsvCursor): 'done' => {
  if (cursor.offset > cursor.rowStartOffset) endLine(cursor);
  return 'done';
};

/** A cursor that stands at the start of a line. */
export const startLineCursor = (offset: number): CsvCursor => ({
  state: 0,
  offset,
  rowStartOffset: offset,
  rows: 0,
  blankRows: 0,
});
