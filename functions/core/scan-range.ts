import { type CsvDialect, createCsvMachine } from './csv-machine.ts';
import { guessCsvState } from './guess-row.ts';
import type { RangeReport } from './judge-chain.ts';
import {
  advanceCsv,
  type CsvCursor,
  finishCsv,
  type QuotingError,
  type ScanStep,
  startCsvCursor,
} from './scan-csv.ts';
import { advanceLines, finishLines, startLineCursor } from './scan-lines.ts';

/** How rows end: as a fixed CSV dialect says, or at each newline (jsonl, text). */
export type RowFormat =
  | { readonly kind: 'csv'; readonly dialect: CsvDialect; readonly columns: number }
  | { readonly kind: 'lines' };

/** The bytes [startOffset, endOffset) of a pinned file whose first row begins at `dataOffset`. */
export type TextRange = {
  readonly sizeBytes: number;
  readonly dataOffset: number;
  readonly startOffset: number;
  readonly endOffset: number;
  /** `row`: a row is known to begin at `startOffset`, as in an amendment. `guess`: it may lie anywhere. */
  readonly startsAt: 'row' | 'guess';
};

type Scanner = {
  readonly newlineBytes: number;
  readonly start: (offset: number) => CsvCursor;
  readonly startInside: (offset: number, window: Uint8Array) => CsvCursor;
  readonly advance: (cursor: CsvCursor, bytes: Uint8Array, stopOffset: number) => ScanStep;
  readonly finish: (cursor: CsvCursor) => 'done' | QuotingError;
};

const LINE_SCANNER: Scanner = {
  newlineBytes: 1,
  start: startLineCursor,
  startInside: startLineCursor,
  advance: advanceLines,
  finish: finishLines,
};

const createScanner = (format: RowFormat): Scanner => {
  if (format.kind === 'lines') return LINE_SCANNER;
  const machine = createCsvMachine(format.dialect);
  return {
    newlineBytes: machine.newlineBytes,
    start: startCsvCursor,
    startInside: (offset, window) => ({
      ...startCsvCursor(offset),
      state: guessCsvState(machine, window, format.columns),
    }),
    advance: (cursor, bytes, stopOffset) => advanceCsv(machine, cursor, bytes, stopOffset),
    finish: finishCsv,
  };
};

/** One range's scan: first to its first row, then to the first row past its end. */
export type RangeScan = {
  readonly range: TextRange;
  readonly scanner: Scanner;
  cursor: CsvCursor;
  firstRowOffset: number | undefined;
  isDone: boolean;
  quotingError: QuotingError | undefined;
};

/** Where a scan begins to read, and whether it needs a window of bytes from there to guess. */
export type ScanBegin = { readonly offset: number; readonly needsWindow: boolean };

export const planScanBegin = (range: TextRange, format: RowFormat): ScanBegin => {
  if (range.startsAt === 'row') return { offset: range.startOffset, needsWindow: false };
  const newlineBytes = format.kind === 'csv' ? format.dialect.newline.length : 1;
  const offset = Math.max(range.startOffset - newlineBytes, range.dataOffset);
  return { offset, needsWindow: format.kind === 'csv' && offset > range.dataOffset };
};

/** Opens the scan of a range; `window` holds GUESS_BYTES from its beginning, or none where that needs none. */
export const openRangeScan = (range: TextRange, format: RowFormat, window: Uint8Array): RangeScan => {
  const scanner = createScanner(format);
  const begin = planScanBegin(range, format);
  const cursor = begin.needsWindow ? scanner.startInside(begin.offset, window) : scanner.start(begin.offset);
  const scan: RangeScan = {
    range,
    scanner,
    cursor,
    firstRowOffset: undefined,
    isDone: false,
    quotingError: undefined,
  };
  if (begin.offset === range.startOffset) beginRows(scan);
  return scan;
};

const beginRows = (scan: RangeScan): void => {
  scan.firstRowOffset = scan.cursor.rowStartOffset;
  scan.cursor.rows = 0;
  scan.cursor.blankRows = 0;
  scan.isDone = scan.firstRowOffset >= scan.range.endOffset;
};

const settle = (scan: RangeScan, step: ScanStep): void => {
  if (step === 'more') return;
  if (step !== 'done') scan.quotingError = step;
  scan.isDone = true;
};

/** Takes the bytes at `scan.cursor.offset`; answers those of them that belong to the range's rows. */
export const takeBytes = (scan: RangeScan, bytes: Uint8Array): Uint8Array => {
  const { cursor, range, scanner } = scan;
  const base = cursor.offset;
  if (scan.firstRowOffset === undefined) {
    const step = scanner.advance(cursor, bytes, range.startOffset);
    if (step === 'done') beginRows(scan);
    else settle(scan, step);
    if (step !== 'done' || scan.isDone) return bytes.subarray(0, 0);
  }
  const from = cursor.offset - base;
  settle(scan, scanner.advance(cursor, from === 0 ? bytes : bytes.subarray(from), range.endOffset));
  return bytes.subarray(from, scan.isDone ? cursor.offset - base : bytes.length);
};

/** Says that the file has no bytes past `scan.cursor.offset`. */
export const endOfFile = (scan: RangeScan): void => {
  const isBeforeRows = scan.firstRowOffset === undefined;
  settle(scan, scan.scanner.finish(scan.cursor));
  if (isBeforeRows && scan.quotingError === undefined) beginRows(scan);
};

/** What the scan found out; complete once `isDone`. */
export const reportRange = ({ cursor, firstRowOffset, quotingError, range }: RangeScan): RangeReport => ({
  startOffset: range.startOffset,
  endOffset: range.endOffset,
  firstRowOffset: firstRowOffset ?? cursor.rowStartOffset,
  nextRowOffset: cursor.rowStartOffset,
  rows: cursor.rows,
  blankRows: cursor.blankRows,
  ...(quotingError === undefined ? {} : { quotingError }),
});

/** Whether a copy that begins with these bytes would lose them: DuckDB skips a byte order mark at a file's start. */
export const startsWithBom = (bytes: Uint8Array): boolean =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
