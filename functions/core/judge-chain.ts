import type { QuotingError } from './scan-csv.ts';

/**
 * What one range task found out about the bytes [startOffset, endOffset) of its file. The rows that
 * begin in the range are its own, the last one is read to its end past `endOffset`.
 */
export type RangeReport = {
  readonly startOffset: number;
  readonly endOffset: number;
  /** Of the first row that begins at or past `startOffset`, as guessed. */
  readonly firstRowOffset: number;
  /** Of the first row that begins at or past `endOffset`. */
  readonly nextRowOffset: number;
  /** Rows that are not blank lines. */
  readonly rows: number;
  /** Empty lines: DuckDB skips them, but in a file of one column each is a row of NULL. */
  readonly blankRows: number;
  readonly quotingError?: QuotingError | undefined;
};

export type ChainVerdict =
  | { readonly kind: 'proved'; readonly rows: number; readonly blankRows: number }
  /** Ranges from `brokenRange` on are void; one task reads [fromOffset, sizeBytes), which begins at a row. */
  | { readonly kind: 'broken'; readonly brokenRange: number; readonly fromOffset: number }
  /** All ranges are void; one task reads the file, as DuckDB does. */
  | { readonly kind: 'one-task'; readonly range: number; readonly quotingError: QuotingError };

export type FileChain = {
  /** Of the first row: behind a byte order mark, skipped rows and the header. */
  readonly dataOffset: number;
  readonly sizeBytes: number;
  /** In the order of the file; after an amendment the ranges that still count, then the new one. */
  readonly reports: readonly RangeReport[];
};

/**
 * Judges the cuts of one file: by induction from `dataOffset`, a range whose first row is where the
 * one before ended was cut right. A quoting error counts once the chain has reached its range: before
 * that it may come from a wrong guess, and the task that re-reads the rest meets it again if it is real.
 */
export const judgeChain = ({ dataOffset, sizeBytes, reports }: FileChain): ChainVerdict => {
  let provenOffset = dataOffset;
  let rows = 0;
  let blankRows = 0;
  for (const [range, report] of reports.entries()) {
    if (report.firstRowOffset !== provenOffset) {
      return { kind: 'broken', brokenRange: range, fromOffset: provenOffset };
    }
    if (report.quotingError !== undefined) {
      return { kind: 'one-task', range, quotingError: report.quotingError };
    }
    provenOffset = report.nextRowOffset;
    rows += report.rows;
    blankRows += report.blankRows;
  }
  if (provenOffset !== sizeBytes) {
    return { kind: 'broken', brokenRange: reports.length, fromOffset: provenOffset };
  }
  return { kind: 'proved', rows, blankRows };
};
