import { type CsvMachine, STATES } from './csv-machine.ts';

/** Why a range cannot speak for itself; each makes the file one task. */
export type QuotingCause =
  /** A byte that the dialect does not allow here: text after a closing quote, a lone \r, the other newline. */
  | 'invalid-byte'
  | 'unterminated-quote'
  /** A row longer than DuckDB's `max_line_size`. */
  | 'row-too-long'
  /** A row that begins with the bytes of a byte order mark, which DuckDB would skip at the start of a copy. */
  | 'row-starts-with-bom';

export type QuotingError = { readonly offset: number; readonly cause: QuotingCause };

/** Where a scan stands. Offsets are of the file; `rows` counts rows that begin at or before the stop. */
export type CsvCursor = {
  state: number;
  /** Of the next byte to read. */
  offset: number;
  rowStartOffset: number;
  rows: number;
  blankRows: number;
};

export type ScanStep = 'more' | 'done' | QuotingError;

/** A cursor that stands at the start of a row. */
export const startCsvCursor = (offset: number): CsvCursor => ({
  state: STATES.rowStart,
  offset,
  rowStartOffset: offset,
  rows: 0,
  blankRows: 0,
});

/**
 * Reads `bytes`, which lie at `cursor.offset`, up to the first row start at or past `stopOffset`.
 * Answers `done` with `cursor.rowStartOffset` there, `more` where the bytes end first, or the error.
 */
export const advanceCsv = (
  machine: CsvMachine,
  cursor: CsvCursor,
  bytes: Uint8Array,
  stopOffset: number,
): ScanStep => {
  const { transitions, newlineBytes, maxRowBytes } = machine;
  const base = cursor.offset;
  const length = bytes.length;
  let { state, rowStartOffset, rows, blankRows } = cursor;
  let step: ScanStep = 'more';
  let at = 0;
  for (; at < length; at++) {
    // Both indexes are inside their arrays: a state is below STATE_COUNT and a byte below 256.
    state = transitions[(state << 8) | (bytes[at] as number)] as number;
    if (state < STATES.invalid) continue;
    const next = base + at + 1;
    const rowBytes = next - rowStartOffset;
    if (state === STATES.invalid) step = { offset: next - 1, cause: 'invalid-byte' };
    else if (rowBytes > maxRowBytes) step = { offset: rowStartOffset, cause: 'row-too-long' };
    if (step !== 'more') break;
    if (rowBytes === newlineBytes) blankRows++;
    else rows++;
    rowStartOffset = next;
    if (next >= stopOffset) {
      step = 'done';
      at++;
      break;
    }
  }
  const offset = base + at;
  if (step === 'more' && offset - rowStartOffset > maxRowBytes) {
    step = { offset: rowStartOffset, cause: 'row-too-long' };
  }
  Object.assign(cursor, { state, offset, rowStartOffset, rows, blankRows });
  return step;
};

const IN_QUOTES: readonly number[] = [STATES.quoted, STATES.quotedEscape];

/** Ends a scan at the file's last byte: a last row without a newline counts. */
export const finishCsv = (cursor: CsvCursor): 'done' | QuotingError => {
  if (IN_QUOTES.includes(cursor.state)) {
    return { offset: cursor.rowStartOffset, cause: 'unterminated-quote' };
  }
  if (cursor.state === STATES.carriageReturn) return { offset: cursor.offset - 1, cause: 'invalid-byte' };
  if (cursor.state !== STATES.rowStart) {
    cursor.rows++;
    cursor.rowStartOffset = cursor.offset;
    cursor.state = STATES.rowStart;
  }
  return 'done';
};
