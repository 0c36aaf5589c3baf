import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { InputFormatError } from '../contract/errors-input.ts';
import {
  INPUT_LIMITS,
  type PinnedFile,
  type PinnedInput,
  type PinnedJsonlInput,
  type PinnedTextInput,
  type RejectCause,
  readCompressionOf,
  readPathOf,
} from '../contract/pinned-input.ts';
import { type CauseCount, MOST_CAUSES, type RejectPlace } from '../contract/reject-summary.ts';
import { quotePath, quoteText } from '../sql/quote.ts';
import { renderReadInput } from '../sql/read-input.ts';
import { renderJsonCulprit, renderTriedRow } from '../sql/read-json.ts';
import { renderJsonLines } from '../sql/read-lines.ts';
import { REJECT_TABLES } from '../sql/reader-options.ts';
import { type LinePlace, locateFilledLines, locateOffsets } from './locate-lines.ts';
import { firstLineOf, queryRows } from './query-rows.ts';

/**
 * The law: a row is rejected once, however many errors it has, and never both rejected and read. DuckDB's
 * reject tables hold an error each; a row is a file and the position where it begins. Its `line` counts
 * rows, not lines, and its positions count from 1: the true ones come from the file.
 */

export type RejectOptions = {
  /** The columns that were read, as given to `renderReadInput`. Default: all. */
  readonly columns?: readonly string[];
};

export type Rejects = {
  readonly rejectedRows: number;
  /** The first in the order of files and bytes. */
  readonly first?: RejectPlace;
  /** Most rows first, at most {@link MOST_CAUSES}. */
  readonly causes: readonly CauseCount[];
  /**
   * Writes Parquet, in the order of files and bytes: file VARCHAR, line BIGINT (from 1), byte_offset BIGINT
   * (from 0, after decompression), column VARCHAR, cause VARCHAR, raw VARCHAR (its first 1,000 characters); all of
   * them, or the first `most`.
   */
  readonly write: (path: string, most?: number) => Promise<void>;
};

const TABLE = 'daybreak_rejects';
const COLUMNS =
  'file VARCHAR, file_number BIGINT, line BIGINT, byte_offset BIGINT, "column" VARCHAR, cause VARCHAR, raw VARCHAR';

const CAUSES: Readonly<Record<string, RejectCause>> = {
  CAST: 'cast',
  'MISSING COLUMNS': 'missing_columns',
  'TOO MANY COLUMNS': 'too_many_columns',
  'UNQUOTED VALUE': 'unquoted_value',
  'LINE SIZE OVER MAXIMUM': 'line_too_long',
  'INVALID ENCODING': 'invalid_utf8',
  'INVALID STATE': 'invalid_state',
};
const renderCause = (column: string): string =>
  `CASE ${column} ${Object.entries(CAUSES)
    .map(([type, cause]) => `WHEN ${quoteText(type)} THEN ${quoteText(cause)}`)
    .join(' ')} ELSE 'invalid_state' END`;

type Reject = {
  readonly file: PinnedFile;
  readonly line: number | undefined;
  readonly byteOffset: number | undefined;
  readonly column: string | undefined;
  readonly cause: RejectCause;
  readonly raw: string | undefined;
};

/** Rows of one INSERT: bounds the text of a statement. */
const ROWS_PER_INSERT = 500;

const literal = (value: string | number | undefined): string =>
  value === undefined
    ? 'NULL'
    : typeof value === 'number'
      ? String(value)
      : quoteText(value.replaceAll('\0', '\u{FFFD}'));

const insert = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  rejects: readonly Reject[],
): Promise<void> => {
  const numbers = new Map(input.files.map(({ path }, index) => [path, index]));
  for (let begin = 0; begin < rejects.length; begin += ROWS_PER_INSERT) {
    const rows = rejects
      .slice(begin, begin + ROWS_PER_INSERT)
      .map(
        ({ file, line, byteOffset, column, cause, raw }) =>
          `(${[file.path, numbers.get(file.path), line, byteOffset, column, cause, raw].map(literal).join(', ')})`,
      );
    await connection.run(`INSERT INTO ${TABLE} VALUES ${rows.join(', ')}`);
  }
};

const hasTable = async (connection: DuckDBConnection, name: string): Promise<boolean> =>
  (await queryRows(connection, `SELECT 1 FROM duckdb_tables() WHERE table_name = ${quoteText(name)}`))
    .length > 0;

/** Positions fetched at once; a file may have millions of rejects. */
const ROWS_PER_FETCH = 50_000;

/**
 * Places of a copy are put where they are in the file. Lines are then unknown: counting them would read all
 * of the file before the range.
 */
const placeInFile = (
  { copy, hasOtherOffsets }: PinnedFile,
  place: LinePlace | undefined,
): { readonly line: number | undefined; readonly byteOffset: number | undefined } => {
  const { line, byteOffset: offset } = place ?? {};
  const byteOffset = hasOtherOffsets === true ? undefined : offset;
  if (copy === undefined) return { line, byteOffset };
  return {
    line: undefined,
    byteOffset: byteOffset === undefined ? undefined : byteOffset + copy.startOffset,
  };
};

const isUtf8Encoded = (input: PinnedInput): boolean =>
  !('csv' in input) || input.csv.encoding.toLowerCase().replace('-', '') === 'utf8';

/** Reads DuckDB's tables, one row for each file and position. */
const collectFromTables = async (connection: DuckDBConnection, input: PinnedInput): Promise<void> => {
  if (!(await hasTable(connection, REJECT_TABLES.errors))) return;
  await connection.run(`CREATE OR REPLACE TEMP TABLE daybreak_rejected_rows AS
    SELECT s.file_path AS file, e.line_byte_position AS position,
      arg_min(e.column_name, (e.byte_position, e.column_idx)) AS "column",
      arg_min(${renderCause('CAST(e.error_type AS VARCHAR)')}, (e.byte_position, e.column_idx)) AS cause,
      left(ltrim(min(e.csv_line), chr(13) || chr(10)), ${INPUT_LIMITS.rejectedLineCharacters}) AS raw
    FROM ${REJECT_TABLES.errors} e
    JOIN (SELECT DISTINCT scan_id, file_id, file_path FROM ${REJECT_TABLES.scans}) s USING (scan_id, file_id)
    GROUP BY ALL`);
  for (const [number, file] of input.files.entries()) {
    const where = `WHERE file = ${quoteText(readPathOf(file))}`;
    const isPlaced = isUtf8Encoded(input);
    for (let offset = 0; ; offset += ROWS_PER_FETCH) {
      const rows = await queryRows(
        connection,
        `SELECT position FROM daybreak_rejected_rows ${where} ORDER BY position LIMIT ${ROWS_PER_FETCH} OFFSET ${offset}`,
      );
      if (rows.length === 0) break;
      const positions = rows.map(({ position }) => Number(position));
      const places = isPlaced ? await locateOffsets(file, positions) : [];
      await connection.run(
        'CREATE OR REPLACE TEMP TABLE daybreak_reject_places (position BIGINT, line BIGINT, byte_offset BIGINT)',
      );
      for (let begin = 0; begin < positions.length; begin += ROWS_PER_INSERT) {
        const values = positions.slice(begin, begin + ROWS_PER_INSERT).map((position, index) => {
          const place = places[begin + index];
          const { line, byteOffset } = placeInFile(file, place);
          return `(${position}, ${line ?? 'NULL'}, ${byteOffset ?? 'NULL'})`;
        });
        await connection.run(`INSERT INTO daybreak_reject_places VALUES ${values.join(', ')}`);
      }
      await connection.run(
        `INSERT INTO ${TABLE} SELECT ${quoteText(file.path)}, ${number}, p.line, p.byte_offset, r."column", r.cause, r.raw FROM daybreak_rejected_rows r JOIN daybreak_reject_places p USING (position) ${where}`,
      );
    }
  }
};

const readColumns = (input: PinnedInput, options: RejectOptions): readonly Column[] => {
  const own = input.columns.filter(({ name }) => !input.hive.includes(name) && input.filename !== name);
  return own.filter(({ name }) => options.columns === undefined || options.columns.includes(name));
};

/** Judges every line once more, as the tolerant read did, and numbers those that failed. */
const collectFromJsonl = async (
  connection: DuckDBConnection,
  input: PinnedJsonlInput,
  options: RejectOptions,
): Promise<void> => {
  const columns = readColumns(input, options);
  const isBad = `${renderTriedRow('json', columns, input.jsonl)} IS NULL`;
  const cause = `CASE WHEN json IS NULL THEN 'malformed_json' WHEN json_type(json) <> 'OBJECT' THEN 'not_an_object' WHEN ${renderJsonCulprit('json', columns, input.jsonl)} IS NULL THEN 'duplicate_key' ELSE 'cast' END`;
  for (const compression of new Set(input.files.map(readCompressionOf))) {
    const files = input.files.filter((file) => readCompressionOf(file) === compression && file.sizeBytes > 0);
    if (files.length === 0) continue;
    const counts = await queryRows(
      connection,
      `SELECT file_index FROM ${renderJsonLines(input, files)} WHERE ${isBad} GROUP BY file_index ORDER BY file_index`,
    );
    for (const { file_index } of counts) {
      const file = files[Number(file_index)];
      if (file === undefined) throw new Error('DuckDB numbered a file that was not given');
      // A window without an order keeps the order of the reader, which is that of the file.
      await connection.run(
        `CREATE OR REPLACE TEMP TABLE daybreak_rejected_lines AS SELECT number, ${cause} AS cause, CASE WHEN json IS NOT NULL AND json_type(json) = 'OBJECT' THEN ${renderJsonCulprit('json', columns, input.jsonl)} END AS "column"
         FROM (SELECT row_number() OVER () AS number, json FROM ${renderJsonLines(input, [file])}) WHERE ${isBad}`,
      );
      await placeRejectedLines(connection, input, file);
    }
  }
};

/** Finds the lines of one file that `daybreak_rejected_lines` numbers, a page at a time. */
const placeRejectedLines = async (
  connection: DuckDBConnection,
  input: PinnedJsonlInput,
  file: PinnedFile,
): Promise<void> => {
  for (let offset = 0; ; offset += ROWS_PER_FETCH) {
    const rows = await queryRows(
      connection,
      `SELECT number, cause, "column" FROM daybreak_rejected_lines ORDER BY number LIMIT ${ROWS_PER_FETCH} OFFSET ${offset}`,
    );
    const lines = await locateFilledLines(
      file,
      rows.map(({ number }) => Number(number)),
    );
    await insert(
      connection,
      input,
      rows.map((row, index) => {
        const place = lines[index];
        const isMalformed = row.cause === 'malformed_json';
        return {
          file,
          ...placeInFile(file, place),
          column: row.column === null ? undefined : String(row.column),
          cause: isMalformed && place?.isUtf8 === false ? 'invalid_utf8' : (row.cause as RejectCause), // one of the words above
          raw: place?.raw,
        };
      }),
    );
    if (rows.length < ROWS_PER_FETCH) return;
  }
};

/** Files that are read whole are rejected whole. */
const collectFromWholeFiles = async (connection: DuckDBConnection, input: PinnedTextInput): Promise<void> => {
  const files = input.files.filter((file) => input.text.rows === 'file' || file.isIrregular === true);
  if (files.length === 0) return;
  const rows = await queryRows(
    connection,
    `SELECT file_index FROM read_blob([${files.map((file) => quotePath(readPathOf(file))).join(', ')}]) WHERE TRY(decode(content)) IS NULL ORDER BY file_index`,
  );
  const rejected = rows.flatMap(({ file_index }) => files[Number(file_index)] ?? []);
  await insert(
    connection,
    input,
    rejected.map((file) => ({
      file,
      line: undefined,
      byteOffset: undefined,
      column: 'text',
      cause: 'invalid_utf8',
      raw: undefined,
    })),
  );
};

/**
 * Collects the rejects of tolerant reads that this connection ran to their end. For CSV and lines of text
 * they are where DuckDB left them; JSON lines and whole files are judged again.
 */
export const collectRejects = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  options: RejectOptions = {},
): Promise<Rejects> => {
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${TABLE} (${COLUMNS})`);
  if (input.format === 'jsonl') await collectFromJsonl(connection, input, options);
  else if (input.format !== 'parquet' && input.format !== 'arrow') await collectFromTables(connection, input);
  if (input.format === 'text') await collectFromWholeFiles(connection, input);
  return describeRejects(connection);
};

/** What this connection has collected last; undefined where it has not. */
export const readCollected = async (connection: DuckDBConnection): Promise<Rejects | undefined> =>
  (await hasTable(connection, TABLE)) ? describeRejects(connection) : undefined;

const describeRejects = async (connection: DuckDBConnection): Promise<Rejects> => {
  const order = 'ORDER BY file_number, byte_offset, line, raw';
  const [count] = await queryRows(connection, `SELECT count(*) AS rows FROM ${TABLE}`);
  const [first] = await queryRows(connection, `SELECT * FROM ${TABLE} ${order} LIMIT 1`);
  const causes = await queryRows(
    connection,
    `SELECT cause, "column", count(*) AS rows FROM ${TABLE} GROUP BY ALL ORDER BY rows DESC, cause, "column" LIMIT ${MOST_CAUSES}`,
  );
  return {
    rejectedRows: Number(count?.rows ?? 0),
    ...(first === undefined ? {} : { first: placeOf(first) }),
    causes: causes.map((row) => ({
      cause: row.cause as RejectCause, // this module wrote it
      ...(row.column === null ? {} : { column: String(row.column) }),
      rows: Number(row.rows),
    })),
    write: async (path, most) => {
      const limit = most === undefined ? '' : ` LIMIT ${most}`;
      await connection.run(
        `COPY (SELECT * EXCLUDE (file_number) FROM ${TABLE} ${order}${limit}) TO ${quoteText(path)} (FORMAT parquet)`,
      );
    },
  };
};

const placeOf = (row: Record<string, unknown>): RejectPlace => ({
  file: String(row.file),
  ...(row.line === null ? {} : { line: Number(row.line) }),
  ...(row.byte_offset === null ? {} : { byteOffset: Number(row.byte_offset) }),
  ...(row.column === null ? {} : { column: String(row.column) }),
  cause: row.cause as RejectCause, // this module wrote it
});

/**
 * Finds why a strict read failed: the rejects of the first bad one of the files that the error names (or of all).
 * Reads those files once more. Returns undefined where every row is good.
 */
export const diagnoseReaderError = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  options: RejectOptions & { readonly error?: unknown } = {},
): Promise<Rejects | undefined> => {
  const message = options.error instanceof Error ? options.error.message : '';
  const named = input.files.filter((file) => message.includes(readPathOf(file)));
  for (const file of named.length > 0 ? named : input.files) {
    for (const table of Object.values(REJECT_TABLES)) await connection.run(`DROP TABLE IF EXISTS ${table}`);
    const one: PinnedInput = { ...input, files: [file] };
    if (input.format !== 'jsonl') await readTolerantly(connection, one, file, options);
    const rejects = await collectRejects(connection, one, options);
    if (rejects.rejectedRows > 0) return rejects;
  }
  return undefined;
};

const readTolerantly = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  { path }: PinnedFile,
  { columns }: RejectOptions,
): Promise<void> => {
  const read = renderReadInput(input, { tolerant: true, ...(columns === undefined ? {} : { columns }) });
  try {
    await connection.run(`SELECT count(COLUMNS(*)) FROM ${read}`);
  } catch (error) {
    if (!firstLineOf(error).includes('state machine reached an invalid state')) throw error;
    const reason =
      'breaks the CSV standard where no single row can be rejected, as by line ends of two kinds; set csv.strict_mode: false';
    throw new InputFormatError({ path, reason }, { cause: error });
  }
};

/** Whether DuckDB refused to read a CSV file in parallel: read it again with `scan: 'serial'`. */
export const isParallelRefusal = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('Parallel CSV Reader currently does not support');
