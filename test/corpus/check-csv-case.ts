import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type ChainVerdict, judgeChain, type RangeReport } from '../../functions/core/judge-chain.ts';
import type { RowFormat } from '../../functions/core/scan-range.ts';
import { copyRange, type RangeCopy } from '../../functions/io/slices/copy-range.ts';
import { findDataOffset } from '../../functions/io/slices/find-data-offset.ts';
import type { CsvCase } from './generate-csv.ts';

/** Rows as JSON text, or the first line of DuckDB's error. */
export type Answer = { readonly rows: string } | { readonly error: string };

/** What a cut file came to: the verdicts in order, and the rows of the copies against those of the file. */
export type CaseOutcome = {
  readonly verdicts: readonly ChainVerdict['kind'][];
  readonly cause?: string;
  readonly whole: Answer;
  readonly cut: Answer;
  /** Rows that the chain counted, where it was proved. */
  readonly countedRows?: number;
  readonly dataRows?: number;
};

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const readSql = (
  paths: readonly string[],
  csv: CsvCase,
  hasHeader: boolean,
  ignoresErrors: boolean,
): string => {
  const { dialect } = csv;
  const columns = Array.from({ length: csv.columns }, (_, index) => `'c${index}': 'VARCHAR'`).join(', ');
  const newline = dialect.newline === '\n' ? '\\n' : '\\r\\n';
  // Never `strict_mode = true`: given together with new_line = '\r\n', DuckDB 1.5.5 answers no row at all.
  const looseMode = dialect.isStrict ? '' : 'strict_mode = false,';
  return `FROM read_csv([${paths.map(literal).join(', ')}], auto_detect = false, header = ${hasHeader},
    columns = {${columns}}, delim = ${literal(dialect.delimiter)}, quote = ${literal(dialect.quote ?? '')},
    escape = ${literal(dialect.escape ?? '')}, new_line = '${newline}', ${looseMode}
    null_padding = ${csv.nullPadding}, ignore_errors = ${ignoresErrors}, max_line_size = ${dialect.maxRowBytes}, parallel = false)`;
};

const ask = async (connection: DuckDBConnection, sql: string): Promise<Answer> => {
  try {
    const reader = await connection.runAndReadAll(sql);
    return { rows: JSON.stringify(reader.getRows()) };
  } catch (error) {
    return { error: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
};

/** Cuts the file of a case, follows the chain's verdicts, and reads file and copies with DuckDB. */
export const checkCsvCase = async (
  connection: DuckDBConnection,
  csv: CsvCase,
  folder: string,
  ignoresErrors: boolean,
  cuts?: readonly number[],
): Promise<CaseOutcome> => {
  await mkdir(folder, { recursive: true });
  try {
    const path = join(folder, 'whole.csv');
    const bytes = Buffer.from(csv.text);
    await writeFile(path, bytes);
    const whole = await ask(connection, readSql([path], csv, csv.hasHeader, ignoresErrors));
    const format: RowFormat = { kind: 'csv', dialect: csv.dialect, columns: csv.columns };
    const start = await findDataOffset(path, format, csv.hasHeader ? 1 : 0);
    if (start.quotingError !== undefined)
      return { verdicts: ['one-task'], cause: start.quotingError.cause, whole, cut: whole };
    const { dataOffset } = start;
    const file = { path, sizeBytes: bytes.length, dataOffset, format };
    const offsets = cuts ?? evenCuts(dataOffset, bytes.length, csv.ranges);
    let copies: RangeCopy[] = [];
    for (const [index, startOffset] of offsets.entries()) {
      const endOffset = offsets[index + 1] ?? bytes.length;
      const range = { ...file, startOffset, endOffset, startsAt: 'guess' as const };
      copies.push(await copyRange(range, join(folder, `${index}.csv`)));
    }
    const verdicts: ChainVerdict['kind'][] = [];
    for (;;) {
      const reports: RangeReport[] = copies.map((copy) => copy.report);
      const verdict = judgeChain({ dataOffset, sizeBytes: bytes.length, reports });
      verdicts.push(verdict.kind);
      if (verdict.kind === 'one-task')
        return { verdicts, cause: verdict.quotingError.cause, whole, cut: whole };
      if (verdict.kind === 'proved') {
        const paths = copies.flatMap((copy) =>
          copy.path !== undefined && copy.sizeBytes > 0 ? [copy.path] : [],
        );
        const cut: Answer =
          paths.length === 0
            ? { rows: '[]' }
            : await ask(connection, readSql(paths, csv, false, ignoresErrors));
        const countedRows = verdict.rows + (csv.columns === 1 ? verdict.blankRows : 0);
        return { verdicts, whole, cut, countedRows };
      }
      copies = copies.slice(0, verdict.brokenRange);
      const range = {
        ...file,
        startOffset: verdict.fromOffset,
        endOffset: bytes.length,
        startsAt: 'row' as const,
      };
      copies.push(await copyRange(range, join(folder, `rest-${verdicts.length}.csv`)));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const evenCuts = (dataOffset: number, sizeBytes: number, ranges: number): readonly number[] => {
  const bytes = sizeBytes - dataOffset;
  const offsets = Array.from(
    { length: ranges },
    (_, index) => dataOffset + Math.floor((bytes * index) / ranges),
  );
  return bytes === 0 ? [] : [...new Set(offsets)];
};
