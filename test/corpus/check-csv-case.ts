import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type ChainVerdict, judgeChain } from '../../functions/core/judge-chain.ts';
import type { QuotingCause } from '../../functions/core/scan-csv.ts';
import type { RowFormat } from '../../functions/core/scan-range.ts';
import { type OpenBytes, openFileBytes } from '../../functions/io/byte-source.ts';
import { copyRange, type RangeCopy } from '../../functions/io/slices/copy-range.ts';
import { findDataOffset } from '../../functions/io/slices/find-data-offset.ts';
import type { CsvCase } from './generate-csv.ts';

/** Rows as JSON text, or the first line of DuckDB's error. */
type Answer = { readonly rows: string } | { readonly error: string };

/** What became of a cut file. */
export type CaseOutcome = {
  /** The verdicts in order: `broken` is followed by an amendment and another verdict. */
  readonly verdicts: readonly ChainVerdict['kind'][];
  /** Why the file must run as one task. */
  readonly cause?: QuotingCause;
  /** Where the copies answered otherwise than the whole file; empty is right. */
  readonly differences: readonly string[];
};

/** How the columns are read: as text, failing on errors; or with a number first, skipping rows with errors. */
const MODES = ['fail', 'skip'] as const;
type Mode = (typeof MODES)[number];

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** What the reader is told of newlines. */
type Newlines = 'given' | 'found';

/** DuckDB takes the first newline in a file, quoted or not, for the file's newline; where there is none it is told. */
const newlinesOf = ({ text, dialect }: CsvCase): Newlines =>
  /\r\n?|\n/.exec(text)?.[0] === dialect.newline ? 'found' : 'given';

type ReadRequest = {
  readonly paths: readonly string[];
  readonly hasHeader: boolean;
  readonly newlines: Newlines;
  readonly mode: Mode;
};

const readSql = (csv: CsvCase, { paths, hasHeader, newlines, mode }: ReadRequest): string => {
  const { dialect } = csv;
  const columns = Array.from({ length: csv.columns }, (_, index) => {
    const type = mode === 'skip' && index === 0 ? 'DOUBLE' : 'VARCHAR';
    return `'c${index}': '${type}'`;
  });
  // Never both: with new_line = '\r\n' and strict_mode = true, DuckDB 1.5.5 silently loses rows.
  const rowEnds =
    newlines === 'given'
      ? `new_line = '${dialect.newline === '\n' ? '\\n' : '\\r\\n'}'`
      : 'strict_mode = true';
  return `FROM read_csv([${paths.map(literal).join(', ')}], auto_detect = false, header = ${hasHeader},
    columns = {${columns.join(', ')}}, delim = ${literal(dialect.delimiter)},
    quote = ${literal(dialect.quote ?? '')}, escape = ${literal(dialect.escape ?? '')},
    ${rowEnds}, null_padding = ${csv.nullPadding}, ignore_errors = ${mode === 'skip'},
    max_line_size = ${dialect.maxRowBytes}, parallel = false)`;
};

const ask = async (connection: DuckDBConnection, sql: string): Promise<Answer> => {
  try {
    const reader = await connection.runAndReadAll(sql);
    return { rows: JSON.stringify(reader.getRows()) };
  } catch (error) {
    return { error: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
};

/** The file of a case on disk. */
type CaseFile = {
  readonly path: string;
  readonly folder: string;
  readonly sizeBytes: number;
  readonly dataOffset: number;
  readonly format: RowFormat;
  readonly openBytes: OpenBytes;
};

type CutFile = {
  readonly verdicts: readonly ChainVerdict['kind'][];
  readonly last: ChainVerdict;
  readonly copies: readonly RangeCopy[];
};

/** Copies each range, then follows the chain's verdicts until the file is proved or one task. */
const cutFile = async (file: CaseFile, offsets: readonly number[]): Promise<CutFile> => {
  const { sizeBytes, dataOffset } = file;
  let copies: RangeCopy[] = [];
  for (const [index, startOffset] of offsets.entries()) {
    const endOffset = offsets[index + 1] ?? sizeBytes;
    const range = { ...file, startOffset, endOffset, startsAt: 'guess' as const };
    copies.push(await copyRange(range, join(file.folder, `${index}.csv`)));
  }
  const verdicts: ChainVerdict['kind'][] = [];
  for (;;) {
    const last = judgeChain({ dataOffset, sizeBytes, reports: copies.map((copy) => copy.report) });
    verdicts.push(last.kind);
    if (last.kind !== 'broken') return { verdicts, last, copies };
    const range = { ...file, startOffset: last.fromOffset, endOffset: sizeBytes, startsAt: 'row' as const };
    const target = join(file.folder, `rest-${verdicts.length}.csv`);
    copies = [...copies.slice(0, last.brokenRange), await copyRange(range, target)];
  }
};

const compare = async (connection: DuckDBConnection, csv: CsvCase, path: string, cut: CutFile) => {
  const differences: string[] = [];
  const paths = cut.copies.flatMap((copy) =>
    copy.path !== undefined && copy.sizeBytes > 0 ? [copy.path] : [],
  );
  for (const mode of MODES) {
    const whole = await ask(
      connection,
      readSql(csv, { paths: [path], hasHeader: csv.hasHeader, newlines: newlinesOf(csv), mode }),
    );
    const copied: Answer =
      paths.length === 0
        ? { rows: '[]' }
        : await ask(connection, readSql(csv, { paths, hasHeader: false, newlines: 'given', mode }));
    const isSame = 'rows' in whole ? 'rows' in copied && copied.rows === whole.rows : 'error' in copied;
    if (!isSame) differences.push(`${mode}: ${JSON.stringify(whole)} became ${JSON.stringify(copied)}`);
    if (mode === 'skip' || 'error' in whole || cut.last.kind !== 'proved') continue;
    const rows = (JSON.parse(whole.rows) as readonly unknown[]).length;
    const countedRows = cut.last.rows + (csv.columns === 1 ? cut.last.blankRows : 0);
    if (rows !== countedRows) differences.push(`the chain counted ${countedRows} of ${rows} rows`);
  }
  return differences;
};

export type CaseOptions = {
  /** Default: even ones. */
  readonly offsets?: readonly number[];
  /** Opens the bytes that are cut; the file at the path holds the same. */
  readonly open?: (path: string, bytes: Buffer) => Promise<OpenBytes>;
};

const openLocal =
  async (path: string): Promise<OpenBytes> =>
  () =>
    openFileBytes(path);

/**
 * Cuts the file of a case at `offsets` (at even ones where none are given), follows the chain's
 * verdicts, and compares the rows that DuckDB reads from the copies with those of the whole file. A
 * file that must run as one task is read as DuckDB reads it, so there is nothing to compare.
 */
export const checkCsvCase = async (
  connection: DuckDBConnection,
  csv: CsvCase,
  folder: string,
  { offsets, open = openLocal }: CaseOptions = {},
): Promise<CaseOutcome> => {
  await mkdir(folder);
  try {
    const path = join(folder, 'whole.csv');
    const bytes = Buffer.from(csv.text);
    await writeFile(path, bytes);
    const openBytes = await open(path, bytes);
    const format: RowFormat = { kind: 'csv', dialect: csv.dialect, columns: csv.columns };
    const { dataOffset, quotingError } = await findDataOffset(openBytes, format, csv.hasHeader ? 1 : 0);
    if (quotingError !== undefined) {
      return { verdicts: ['one-task'], cause: quotingError.cause, differences: [] };
    }
    const file: CaseFile = { path, folder, sizeBytes: bytes.length, dataOffset, format, openBytes };
    const cut = await cutFile(file, offsets ?? evenCuts(dataOffset, bytes.length, csv.ranges));
    if (cut.last.kind === 'one-task') {
      return { verdicts: cut.verdicts, cause: cut.last.quotingError.cause, differences: [] };
    }
    return { verdicts: cut.verdicts, differences: await compare(connection, csv, path, cut) };
  } finally {
    await rm(folder, { recursive: true });
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
