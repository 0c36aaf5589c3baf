import type { QUOTING_CAUSES } from '../contract/range-chain.ts';
import { countPlainRows } from './count-plain-rows.ts';
import { type CsvMachine, STATES } from './csv-machine.ts';

export type QuotingCause = (typeof QUOTING_CAUSES)[number];

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
  let state = cursor.state;
  let step: ScanStep = 'more';
  let at = 0;
  let nextPlain = 0;
  for (;;) {
    if (state === STATES.rowStart && at >= nextPlain) {
      nextPlain = skipPlainRows(machine, cursor, bytes, stopOffset);
      at = cursor.rowStartOffset - base;
      if (at > 0 && cursor.rowStartOffset >= stopOffset) step = 'done';
    }
    if (step === 'done' || at >= length) break;
    // Both indexes are inside their arrays: a state is below STATE_COUNT and a byte below 256.
    do {
      state = transitions[(state << 8) | (bytes[at] as number)] as number;
      at++;
    } while (state < STATES.invalid && at < length);
    if (state < STATES.invalid) break;
    if (state === STATES.invalid) {
      step = { offset: base + at - 1, cause: 'invalid-byte' };
      break;
    }
    const rowBytes = base + at - cursor.rowStartOffset;
    if (rowBytes > maxRowBytes) break;
    if (rowBytes === newlineBytes) cursor.blankRows++;
    else cursor.rows++;
    cursor.rowStartOffset = base + at;
    if (cursor.rowStartOffset >= stopOffset) {
      step = 'done';
      break;
    }
  }
  cursor.state = state;
  cursor.offset = base + at;
  const isTooLong = cursor.offset - cursor.rowStartOffset > maxRowBytes;
  return isTooLong && step === 'more' ? { offset: cursor.rowStartOffset, cause: 'row-too-long' } : step;
};

/** A stretch without a quote shorter than this is not worth leaving the machine, nor looking again for as long. */
const PLAIN_BYTES = 2_048;

/**
 * Counts the rows from `cursor.rowStartOffset` up to the next quote, which need no machine. Answers
 * the index into `bytes` from which it is worth to look again.
 */
const skipPlainRows = (
  { quoteByte, newlineBytes, maxRowBytes }: CsvMachine,
  cursor: CsvCursor,
  bytes: Uint8Array,
  stopOffset: number,
): number => {
  const rowStart = cursor.rowStartOffset - cursor.offset;
  const quoteAt = quoteByte < 0 ? -1 : bytes.indexOf(quoteByte, rowStart);
  const to = quoteAt < 0 ? bytes.length : quoteAt;
  if (to - rowStart < PLAIN_BYTES) return rowStart + PLAIN_BYTES;
  const count = { rowStart, rows: cursor.rows, blankRows: cursor.blankRows };
  countPlainRows(bytes, to, count, { newlineBytes, maxRowBytes, stop: stopOffset - cursor.offset });
  cursor.rows = count.rows;
  cursor.blankRows = count.blankRows;
  cursor.rowStartOffset = cursor.offset + count.rowStart;
  return to + 1;
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
