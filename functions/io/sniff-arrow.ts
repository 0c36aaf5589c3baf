import type { DuckDBConnection } from '@duckdb/node-api';
import type { Field } from 'apache-arrow';
import type { Column } from '../contract/columns.ts';
import { InputFormatError, InputSchemaError } from '../contract/errors-input.ts';
import type { PinnedFile } from '../contract/pinned-input.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import { type FileShape, unifyShapes } from '../core/unify-shapes.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { NULL_TYPE } from '../sql/read-arrow.ts';
import { duckdbColumnsOf } from './arrow/decode-types.ts';
import { createDictionaryStore } from './arrow/dictionary-store.ts';
import { renderDuckDBType } from './arrow/type-text.ts';
import { refuseColumnCount, refuseHostileNames } from './check-columns.ts';
import type { InputLook } from './input-look.ts';
import { describeColumns, firstLineOf } from './query-rows.ts';
import { nameArrowFile, readArrowInput } from './read-arrow-input.ts';

export type SniffedArrow = {
  readonly columns: readonly Column[];
  readonly layouts: { name: string; type: string }[][];
  readonly files: readonly PinnedFile[];
};

type Looked = { readonly columns: readonly Column[]; readonly rows: number };

/** Reads the schema and the headers of all batches, and no body. */
const lookAt = (file: PinnedFile): Looked => {
  const looked = { columns: [] as Column[], rows: 0 };
  for (const message of readArrowInput(file)) {
    if (message.kind === 'schema') looked.columns = columnsOf(file, message.schema.fields);
    if (message.kind === 'batch') looked.rows += message.header.length;
  }
  return looked;
};

const columnsOf = ({ path }: PinnedFile, fields: readonly Field[]): Column[] => {
  try {
    const columns = duckdbColumnsOf(fields, createDictionaryStore());
    return columns.map(({ name, type }) => ({ name, type: renderDuckDBType(type) }));
  } catch (error) {
    throw nameArrowFile(path, error);
  }
};

const refuseFile = ({ path, sizeBytes, compression }: PinnedFile): void => {
  if (sizeBytes === 0) throw new InputFormatError({ path, reason: 'is empty, and so no Arrow file' });
  if (compression !== 'none')
    throw new InputFormatError({
      path,
      reason:
        'is compressed as a whole, which Arrow files are not read from; unpack it, or compress its buffers',
    });
};

const refuseColumns = (path: string, columns: readonly Column[]): void => {
  const names = columns.map(({ name }) => name);
  if (names.length === 0) throw new InputFormatError({ path, reason: 'has no columns' });
  refuseColumnCount(path, names.length);
  refuseHostileNames(path, names);
  const seen = new Set<string>();
  const twice = names.filter((name) => seen.size === seen.add(foldColumnName(name)).size);
  if (twice.length > 0)
    throw new InputSchemaError({
      path,
      reason: 'names a column twice (upper and lower case do not count)',
      columns: twice,
    });
};

/** DuckDB's own words for these types: a type without values is INTEGER, as of a Parquet file. */
const nameTypes = async (
  connection: DuckDBConnection,
  path: string,
  columns: readonly Column[],
): Promise<Column[]> => {
  const nulls = columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`);
  try {
    return await describeColumns(connection, `(SELECT ${nulls.join(', ')})`);
  } catch (cause) {
    const reason = `has columns that DuckDB cannot hold (${firstLineOf(cause)})`;
    throw new InputFormatError({ path, reason }, { cause });
  }
};

type Shape = FileShape & { readonly types: readonly string[] };

/** A column of nulls has the type that it has in another file. */
const settleNulls = (shapes: readonly Shape[]): readonly FileShape[] => {
  const typed = new Map<string, string>();
  for (const { columns, types } of shapes)
    for (const [index, { name, type }] of columns.entries())
      if (types[index] !== NULL_TYPE && !typed.has(foldColumnName(name)))
        typed.set(foldColumnName(name), type);
  return shapes.map(({ path, columns, types }) => ({
    path,
    columns: columns.map(({ name, type }, index) =>
      types[index] === NULL_TYPE ? { name, type: typed.get(foldColumnName(name)) ?? type } : { name, type },
    ),
  }));
};

/**
 * Finds columns, types and rows of Arrow IPC files and streams from their schemas and the headers of their
 * batches. Throws InputFormatError (damaged, or a type that DuckDB has not), InputSchemaError (files differ),
 * LimitError.
 */
export const sniffArrow = async (
  connection: DuckDBConnection,
  request: {
    readonly files: readonly PinnedFile[];
    readonly schema: 'same' | 'union';
    readonly look: InputLook;
  },
): Promise<SniffedArrow> => {
  const shapes = new Map<string, Shape & { readonly layout: number }>();
  const files: PinnedFile[] = [];
  for (const file of request.files) refuseFile(file);
  for (const file of await request.look.bringHeaders(request.files)) {
    const { columns, rows } = lookAt(file);
    const signature = JSON.stringify(columns);
    let shape = shapes.get(signature);
    if (shape === undefined) {
      refuseColumns(file.path, columns);
      const named = await nameTypes(connection, file.path, columns);
      const types = columns.map(({ type }) => type);
      shape = { path: file.path, columns: named, types, layout: shapes.size };
      shapes.set(signature, shape);
    }
    files.push({ ...file, rows, layout: shape.layout });
  }
  const columns = unifyShapes(settleNulls([...shapes.values()]), request.schema);
  const nameOf = new Map(columns.map(({ name }) => [foldColumnName(name), name]));
  const layouts = [...shapes.values()].map(({ columns: own, types }) =>
    own.map(({ name }, index) => ({
      name: nameOf.get(foldColumnName(name)) ?? name,
      type: types[index] ?? '',
    })),
  );
  return { columns, layouts, files };
};
