import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { InputFormatError, InputSchemaError } from '../contract/errors-input.ts';
import { type PinnedFile, readPathOf } from '../contract/pinned-input.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import { type FileShape, unifyShapes } from '../core/unify-shapes.ts';
import { quotePath } from '../sql/quote.ts';
import { refuseColumnCount, refuseHostileNames } from './check-columns.ts';
import type { InputLook } from './input-look.ts';
import { describeColumns, firstLineOf, queryRows } from './query-rows.ts';

export type SniffedParquet = {
  readonly parquet: { readonly isUniform: boolean };
  readonly columns: readonly Column[];
  readonly layouts: string[][];
  readonly files: readonly PinnedFile[];
};

type Shape = FileShape & { readonly signature: string };

const listOf = (files: readonly PinnedFile[]): string =>
  `[${files.map((file) => quotePath(readPathOf(file))).join(', ')}]`;

/** Reads all footers in one query each for schema and rows: a file by its path here to what its footer says. */
const readFooters = async (connection: DuckDBConnection, files: readonly PinnedFile[]) => {
  const schemas = await queryRows(
    connection,
    `SELECT file_name, string_agg(concat_ws(chr(31), name, type, num_children, repetition_type, converted_type, logical_type, scale, precision, duckdb_type), chr(30) ORDER BY column_id) AS signature FROM parquet_schema(${listOf(files)}) GROUP BY ALL`,
  );
  const counts = await queryRows(
    connection,
    `SELECT file_name, num_rows FROM parquet_file_metadata(${listOf(files)})`,
  );
  return {
    signatures: new Map(schemas.map((row) => [String(row.file_name), String(row.signature)])),
    rows: new Map(counts.map((row) => [String(row.file_name), Number(row.num_rows)])),
  };
};

/** DuckDB does not always say which file is broken: asks each. */
const nameBroken = async (
  connection: DuckDBConnection,
  files: readonly PinnedFile[],
  error: unknown,
): Promise<InputFormatError> => {
  for (const file of files)
    try {
      await queryRows(connection, `SELECT count(*) FROM parquet_schema(${quotePath(readPathOf(file))})`);
    } catch (cause) {
      const reason = firstLineOf(cause).replaceAll(readPathOf(file), 'it');
      return new InputFormatError(
        { path: file.path, reason: `is not a whole Parquet file (${reason})` },
        { cause },
      );
    }
  throw error;
};

const describeShapes = async (
  connection: DuckDBConnection,
  files: readonly PinnedFile[],
  signatures: ReadonlyMap<string, string>,
): Promise<readonly Shape[]> => {
  const shapes = new Map<string, Shape>();
  for (const file of files) {
    const { path } = file;
    const signature = signatures.get(readPathOf(file));
    if (signature === undefined) throw new InputFormatError({ path, reason: 'has no Parquet footer' });
    if (shapes.has(signature)) continue;
    const columns = await describeColumns(
      connection,
      `read_parquet(${quotePath(readPathOf(file))}, hive_partitioning = false)`,
    );
    shapes.set(signature, { path, signature, columns });
    await refuseNames(connection, file, columns);
  }
  return [...shapes.values()];
};

const refuseNames = async (
  connection: DuckDBConnection,
  file: PinnedFile,
  columns: readonly Column[],
): Promise<void> => {
  const { path } = file;
  refuseColumnCount(path, columns.length);
  refuseHostileNames(
    path,
    columns.map(({ name }) => name),
  );
  // DuckDB renames the second `a` to `a_1`; the footer still has both.
  const written = await queryRows(
    connection,
    `SELECT name FROM parquet_schema(${quotePath(readPathOf(file))}) WHERE column_id > 0`,
  );
  const names = new Set(written.map(({ name }) => String(name)));
  const renamed = columns.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (renamed.length > 0)
    throw new InputSchemaError({
      path,
      reason: 'names a column twice (upper and lower case do not count)',
      columns: renamed,
    });
};

/**
 * Finds columns, types and rows of Parquet files from their footers.
 * Throws InputFormatError (a broken footer), InputSchemaError (files differ), LimitError.
 */
export const sniffParquet = async (
  connection: DuckDBConnection,
  request: {
    readonly files: readonly PinnedFile[];
    readonly schema: 'same' | 'union';
    readonly look: InputLook;
  },
): Promise<SniffedParquet> => {
  const empty = request.files.find(({ sizeBytes }) => sizeBytes === 0);
  if (empty !== undefined)
    throw new InputFormatError({ path: empty.path, reason: 'is empty, and so no Parquet file' });
  const compressed = request.files.find(({ compression }) => compression !== 'none');
  if (compressed !== undefined)
    throw new InputFormatError({
      path: compressed.path,
      reason: `is compressed as a whole, which Parquet files are not read from; unpack it`,
    });
  const files = await request.look.bringFooters(request.files);
  const footers = await readFooters(connection, files).catch(async (error: unknown) => {
    throw await nameBroken(connection, files, error);
  });
  const shapes = await describeShapes(connection, files, footers.signatures);
  const columns = unifyShapes(shapes, request.schema);
  const nameOf = new Map(columns.map(({ name }) => [foldColumnName(name), name]));
  const layouts = new Map(shapes.map(({ signature }, index) => [signature, index]));
  return {
    parquet: { isUniform: shapes.length === 1 },
    columns,
    layouts: shapes.map((shape) => shape.columns.map(({ name }) => nameOf.get(foldColumnName(name)) ?? name)),
    files: files.map((file) => ({
      ...file,
      rows: footers.rows.get(readPathOf(file)) ?? 0,
      layout: layouts.get(footers.signatures.get(readPathOf(file)) ?? '') ?? 0,
    })),
  };
};
