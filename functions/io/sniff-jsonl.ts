import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { InputFormatError, InputSchemaError } from '../contract/errors-input.ts';
import type { JsonlOptions } from '../contract/input.ts';
import { type PinnedFile, type PinnedJsonlInput, readPathOf } from '../contract/pinned-input.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import { quoteIdentifier, quotePath, quoteText } from '../sql/quote.ts';
import { pointerTo } from '../sql/read-json.ts';
import { refuseColumnCount, refuseHostileNames } from './check-columns.ts';
import { refuseDeepLines } from './check-json-depth.ts';
import { type InputLook, rowsToCopy, type Sample } from './input-look.ts';
import { mapBounded } from './map-bounded.ts';
import { describeColumns, firstLineOf, queryRows } from './query-rows.ts';
import { HEADS_AT_ONCE, readFileHead } from './read-head.ts';

/** DuckDB's default. */
const DEFAULT_OBJECT_BYTES = 16_777_216;

/** Values that nest deeper are of the type JSON below: a type has a stack frame a level in DuckDB and here. */
const MAX_TYPE_DEPTH = 64;

/** Files whose lines are sampled for columns and types. */
const SAMPLED_FILES = 100;

export type SniffedJsonl = {
  readonly jsonl: PinnedJsonlInput['jsonl'];
  readonly columns: readonly Column[];
  readonly files: readonly PinnedFile[];
};

const refuseNoObjects = async (look: InputLook, files: readonly PinnedFile[]): Promise<PinnedFile[]> => {
  const withNewlines: PinnedFile[] = [];
  const heads = await mapBounded(files, HEADS_AT_ONCE, (file) => readFileHead(file, look.readHead));
  for (const [index, file] of files.entries()) {
    const head = heads[index] ?? missing();
    if (head.isUtf16 || head.hasByteOrderMark)
      throw new InputFormatError({
        path: file.path,
        reason: 'begins with a byte order mark, which JSON has not; write it as UTF-8 without one',
      });
    if (head.firstCharacter === '[')
      throw new InputFormatError({
        path: file.path,
        reason:
          'begins with "[": it is a JSON array, and jsonl wants one object a line, as `jq -c ".[]"` writes them',
      });
    withNewlines.push(head.newline === undefined ? file : { ...file, newline: head.newline });
  }
  return withNewlines;
};

const missing = (): never => {
  throw new Error('a file has no head');
};

const evenly = (files: readonly PinnedFile[]): readonly PinnedFile[] => {
  const step = Math.max(1, Math.ceil(files.length / SAMPLED_FILES));
  return files.filter((_, index) => index % step === 0);
};

const isEmpty = ({ sizeBytes }: PinnedFile): boolean => sizeBytes === 0;

/** DuckDB's default. */
const DEFAULT_SAMPLE_LINES = 20_480;

/** Lines that DuckDB looks at together: it samples whole vectors. */
const VECTOR_LINES = 2_048;

const sampleLines = ({ sample_size: size = DEFAULT_SAMPLE_LINES }: JsonlOptions): number =>
  size < 0 ? Number.POSITIVE_INFINITY : Math.ceil(Math.max(size, 1) / VECTOR_LINES) * VECTOR_LINES;

const sampleOf = (options: JsonlOptions): Sample => ({
  rows: sampleLines(options),
  of: 'lines',
  isAskedFor: options.sample_size !== undefined,
});

/** Samples the lines of each compression apart, and unifies by DuckDB's own rule over all. */
const sampleColumns = async (
  connection: DuckDBConnection,
  sampled: readonly PinnedFile[],
  options: JsonlOptions,
): Promise<readonly Column[]> => {
  const lineBytes = options.maximum_object_size ?? DEFAULT_OBJECT_BYTES;
  for (const file of sampled) await refuseDeepLines(file, { lines: sampleLines(options), lineBytes });
  const args = [
    `[${sampled.map((file) => quotePath(readPathOf(file))).join(', ')}]`,
    "format = 'newline_delimited'",
    'union_by_name = true',
    'hive_partitioning = false',
    'ignore_errors = true',
    `maximum_depth = ${MAX_TYPE_DEPTH}`,
    `maximum_object_size = ${lineBytes}`,
    ...(options.sample_size === undefined ? [] : [`sample_size = ${options.sample_size}`]),
    ...(options.dateformat === undefined ? [] : [`dateformat = ${quoteText(options.dateformat)}`]),
    ...(options.timestampformat === undefined
      ? []
      : [`timestampformat = ${quoteText(options.timestampformat)}`]),
  ];
  try {
    const found = await describeColumns(connection, `read_json(${args.join(', ')})`);
    // Above 200 fields of one type DuckDB takes the whole line for one map.
    if (found.length !== 1 || !found[0]?.type.startsWith('MAP')) return found;
    return await describeColumns(
      connection,
      `read_json(${[...args, 'map_inference_threshold = -1'].join(', ')})`,
    );
  } catch (error) {
    throw new InputFormatError(
      {
        path: sampled[0]?.path ?? '',
        reason: `or one beside it cannot be read as JSON lines (${nameFiles(sampled, firstLineOf(error))})`,
      },
      { cause: error },
    );
  }
};

/** Messages of DuckDB name a file by where it lies on this machine. */
const nameFiles = (files: readonly PinnedFile[], message: string): string =>
  files.reduce((text, file) => text.replaceAll(readPathOf(file), file.path), message);

/**
 * Finds the columns of JSON lines: those of the sample, or those declared.
 * Throws InputFormatError (an array, scalars, a byte order mark), InputSchemaError, LimitError.
 */
export const sniffJsonl = async (
  connection: DuckDBConnection,
  request: {
    readonly files: readonly PinnedFile[];
    readonly options: JsonlOptions;
    readonly look: InputLook;
  },
): Promise<SniffedJsonl> => {
  const { options, look } = request;
  const files = await refuseNoObjects(look, request.files);
  const declared = Object.entries(options.columns ?? {}).map(([name, type]) => ({ name, type }));
  const filled = files.filter((file) => !isEmpty(file));
  if (declared.length === 0 && filled.length === 0)
    throw new InputSchemaError({
      path: files[0]?.path ?? '',
      reason: 'is empty, as all files of the input are: no columns are known; give jsonl.columns',
    });
  const columns =
    declared.length > 0
      ? declared
      : await look.withSample(evenly(filled), sampleOf(options), async (sampled) => {
          const found = await findColumns(connection, sampled, options);
          await refuseRenamed(connection, sampled, { columns: found, options });
          return found;
        });
  refuseColumns(filled, columns);
  const { dateformat, timestampformat } = options;
  return {
    files,
    columns,
    jsonl: {
      maximum_object_size: options.maximum_object_size ?? DEFAULT_OBJECT_BYTES,
      ...(dateformat === undefined ? {} : { dateformat }),
      ...(timestampformat === undefined ? {} : { timestampformat }),
    },
  };
};

/**
 * DuckDB names its single column `json` where one of the sampled values is no object, or none has fields;
 * a field of that name looks the same. Lines that are no objects are rejects where most are.
 */
const findColumns = async (
  connection: DuckDBConnection,
  files: readonly PinnedFile[],
  options: JsonlOptions,
): Promise<readonly Column[]> => {
  const columns = await sampleColumns(connection, files, options);
  if (columns.length !== 1 || columns[0]?.name !== 'json') return columns;
  if (await hasField(connection, files, { name: 'json', options })) return columns;
  const found = await sampleObjects(connection, files, options);
  if (found.length > 0) return found;
  throw new InputFormatError({
    path: files[0]?.path ?? '',
    reason: 'has no JSON object with fields in most lines of its sample; jsonl wants one object a line',
  });
};

/** The columns of the objects alone, where most of the sampled lines are objects. Times stay texts. */
const sampleObjects = async (
  connection: DuckDBConnection,
  files: readonly PinnedFile[],
  options: JsonlOptions,
): Promise<readonly Column[]> => {
  const lines = sampleLines(options);
  const paths = files.map((file) => quotePath(readPathOf(file)));
  const [row] = await queryRows(
    connection,
    `SELECT json_group_structure(CASE WHEN json_type(json) = 'OBJECT' THEN json END) AS structure, count(*) FILTER (json_type(json) = 'OBJECT') AS objects, count(*) AS rows
     FROM (FROM read_ndjson_objects([${paths.join(', ')}], ignore_errors = true, maximum_object_size = ${options.maximum_object_size ?? DEFAULT_OBJECT_BYTES})${Number.isFinite(lines) ? ` LIMIT ${lines}` : ''})`,
  );
  if (2 * Number(row?.objects ?? 0) <= Number(row?.rows ?? 0)) return [];
  const structure: unknown = JSON.parse(String(row?.structure));
  if (typeof structure !== 'object') return [];
  return Object.entries(structure ?? {}).map(([name, field]) => ({ name, type: typeOf(field, 1) }));
};

/** DuckDB's type text of what `json_structure` says, as its reader would name it. */
const typeOf = (structure: unknown, depth: number): string => {
  if (depth > MAX_TYPE_DEPTH || structure === 'NULL') return 'JSON';
  if (typeof structure === 'string') return structure === 'UBIGINT' ? 'BIGINT' : structure;
  if (Array.isArray(structure)) return `${typeOf(structure[0], depth + 1)}[]`;
  const fields = Object.entries(structure ?? {}).map(
    ([name, field]) => `${quoteIdentifier(name)} ${typeOf(field, depth + 1)}`,
  );
  return fields.length === 0 ? 'JSON' : `STRUCT(${fields.join(', ')})`;
};

/** Whether a line of the sample has the field: DuckDB's columns come from no other. */
const hasField = async (
  connection: DuckDBConnection,
  files: readonly PinnedFile[],
  { name, options }: { readonly name: string; readonly options: JsonlOptions },
): Promise<boolean> => {
  const { rows } = sampleOf(options);
  const limit = Number.isFinite(rows) ? ` LIMIT ${rowsToCopy(rows)}` : '';
  const lines = files.map(
    (file) => `(FROM read_ndjson_objects(${quotePath(readPathOf(file))}, ignore_errors = true)${limit})`,
  );
  const found = await queryRows(
    connection,
    `SELECT 1 FROM (${lines.join(' UNION ALL ')}) WHERE json_type(json) = 'OBJECT' AND json_type(json, ${pointerTo(name)}) IS NOT NULL LIMIT 1`,
  );
  return found.length > 0;
};

/** Of the fields `a` and `A` DuckDB makes the columns `a` and `A_1`, and then reads no field of that name. */
const refuseRenamed = async (
  connection: DuckDBConnection,
  files: readonly PinnedFile[],
  { columns, options }: { readonly columns: readonly Column[]; readonly options: JsonlOptions },
): Promise<void> => {
  const names = new Set(columns.map(({ name }) => foldColumnName(name)));
  for (const { name } of columns) {
    const original = name.replace(/_\d+$/, '');
    if (original === name || !names.has(foldColumnName(original))) continue;
    if (!(await hasField(connection, files, { name, options })))
      throw new InputSchemaError({
        path: files[0]?.path ?? '',
        reason: 'or one beside it has fields that differ in upper and lower case only; give jsonl.columns',
        columns: [original],
      });
  }
};

const refuseColumns = (files: readonly PinnedFile[], columns: readonly Column[]): void => {
  const path = files[0]?.path ?? '';
  refuseColumnCount(path, columns.length);
  refuseHostileNames(
    path,
    columns.map(({ name }) => name),
  );
};
