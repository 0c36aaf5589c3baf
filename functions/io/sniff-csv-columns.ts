import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { InputSchemaError, LimitError } from '../contract/errors-input.ts';
import { type PinnedCsv, type PinnedFile, readPathOf } from '../contract/pinned-input.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import { unifyCsvTypes } from '../core/unify-types.ts';
import { quoteIdentifier, quotePath } from '../sql/quote.ts';
import {
  LENIENT,
  listOf,
  renderFixedDialect,
  renderGiven,
  type SniffCsvRequest,
} from '../sql/sniff-csv-options.ts';
import { refuseColumnCount, refuseHostileNames } from './check-columns.ts';
import type { InputLook, Sample } from './input-look.ts';
import { queryRows } from './query-rows.ts';
import { columnsOf, formatError, sniff } from './sniff-csv-dialect.ts';

/** DuckDB's default. */
const DEFAULT_SAMPLE_ROWS = 20_480;

/** What DuckDB looks at in a file of which types are found; `skip` where that was found and not given. */
export const sampleOf = ({ options }: SniffCsvRequest, skip = options.skip ?? 0): Sample => {
  const { sample_size: rows = DEFAULT_SAMPLE_ROWS } = options;
  return {
    rows: rows < 0 ? Number.POSITIVE_INFINITY : rows + skip,
    of: 'csv',
    isAskedFor: options.sample_size !== undefined,
  };
};

/** The first row as it is written, so that names which DuckDB would change (`a_1`) are seen. */
const readHeader = async (
  connection: DuckDBConnection,
  file: PinnedFile,
  csv: PinnedCsv,
  given: readonly string[],
): Promise<readonly (string | null)[]> => {
  const args = [
    ...given.filter((text) => !/^(names|normalize_names|all_varchar|sample_size)\b/.test(text)),
    ...renderFixedDialect({ ...csv, header: false }),
    'all_varchar = true',
    ...LENIENT,
    'sample_size = 1',
  ];
  const [row] = await queryRows(
    connection,
    `FROM read_csv(${[quotePath(readPathOf(file)), ...args].join(', ')}) LIMIT 1`,
  );
  return Object.values(row ?? {}).map((value) => (value === null ? null : String(value)));
};

const refuseNames = (path: string, names: readonly (string | null)[]): void => {
  const empty = names.findIndex((name) => name === null || name.trim() === '');
  if (empty >= 0)
    throw new InputSchemaError({
      path,
      reason: `has no name for column ${empty + 1}; correct the header, or give csv.names`,
    });
  const seen = new Set<string>();
  const repeated: string[] = [];
  for (const name of names) {
    const folded = foldColumnName(name ?? '');
    if (seen.has(folded)) repeated.push(name ?? '');
    seen.add(folded);
  }
  if (repeated.length > 0)
    throw new InputSchemaError({
      path,
      reason:
        'names a column twice (upper and lower case do not count); correct the header, or give csv.names',
      columns: repeated,
    });
  refuseHostileNames(path, names.map(String));
};

export type Looking = {
  readonly connection: DuckDBConnection;
  readonly look: InputLook;
  readonly csv: PinnedCsv;
  readonly request: SniffCsvRequest;
};

export type Seen = { readonly file: PinnedFile; readonly columns: readonly Column[] };

/** Names and, where `isTyped`, types of one file under the fixed dialect. */
export const sniffFile = (
  { connection, look }: Pick<Looking, 'connection' | 'look'>,
  facts: FileFacts,
): Promise<Seen> => {
  const { request, csv, isTyped, file } = facts;
  const sample = isTyped
    ? sampleOf(request, csv.skip)
    : { ...sampleOf(request), rows: csv.skip + 1, isAskedFor: false };
  return look.withSample([file], sample, async ([looked = file]) => ({
    file,
    columns: await sniffColumns(connection, { ...facts, file: looked }),
  }));
};

type FileFacts = {
  readonly file: PinnedFile;
  readonly csv: PinnedCsv;
  readonly request: SniffCsvRequest;
  readonly isTyped: boolean;
};

const sniffColumns = async (
  connection: DuckDBConnection,
  { file, csv, request, isTyped }: FileFacts,
): Promise<readonly Column[]> => {
  const given = renderGiven(request, file);
  const sample = isTyped ? [] : ['sample_size = 1'];
  const args = [...given.filter((text) => isTyped || !text.startsWith('sample_size')), ...sample];
  try {
    if (csv.header && request.options.names === undefined)
      refuseNames(file.path, await readHeader(connection, file, csv, given));
    const sniffed = await sniff(connection, file, [...args, ...renderFixedDialect(csv), ...LENIENT]);
    refuseColumnCount(file.path, columnsOf(sniffed).length);
    return columnsOf(sniffed);
  } catch (error) {
    if (error instanceof InputSchemaError || error instanceof LimitError) throw error;
    throw formatError(file, error);
  }
};

/** Columns of a file that have no value in its sample: their type says nothing. */
const emptyColumns = ({ look, ...looking }: Looking, { file, columns }: Seen): Promise<ReadonlySet<string>> =>
  look.withSample([file], sampleOf(looking.request, looking.csv.skip), ([looked = file]) =>
    findEmptyColumns(looking, { file: looked, columns }),
  );

const findEmptyColumns = async (
  { connection, csv, request }: Omit<Looking, 'look'>,
  { file, columns }: Seen,
): Promise<ReadonlySet<string>> => {
  const rows = request.options.sample_size ?? DEFAULT_SAMPLE_ROWS;
  const args = [
    ...renderGiven(request, file).filter((text) => !/^(all_varchar|names)\b/.test(text)),
    ...renderFixedDialect(csv),
    'all_varchar = true',
    ...LENIENT,
    `names = ${listOf(columns.map(({ name }) => name))}`,
  ];
  const counts = columns.map(({ name }, index) => `count(${quoteIdentifier(name)}) AS c${index}`);
  const [row = {}] = await queryRows(
    connection,
    `SELECT ${counts.join(', ')} FROM (FROM read_csv(${[quotePath(readPathOf(file)), ...args].join(', ')})${rows < 0 ? '' : ` LIMIT ${rows}`})`,
  );
  return new Set(columns.filter((_, index) => Number(row[`c${index}`]) === 0).map(({ name }) => name));
};

/** Puts the user's `columns` in place of what was found: by name where the header has just these, else by position. */
export const declare = (seen: Seen, { options }: SniffCsvRequest, csv: PinnedCsv): Seen => {
  if (options.columns === undefined) return seen;
  const declared = Object.entries(options.columns).map(([name, type]) => ({ name, type }));
  const byName = new Map(declared.map((column) => [foldColumnName(column.name), column]));
  const matched = seen.columns.flatMap(({ name }) => byName.get(foldColumnName(name)) ?? []);
  if (csv.header && matched.length === declared.length && seen.columns.length === declared.length)
    return { ...seen, columns: matched };
  if (seen.columns.length === declared.length || csv.null_padding) return { ...seen, columns: declared };
  throw new InputSchemaError({
    path: seen.file.path,
    reason: `has ${seen.columns.length} columns, but csv.columns names ${declared.length}`,
  });
};

/** The type of each column over all files; names are those of the first file that has the column. */
export const unify = async (looking: Looking, seen: readonly Seen[]): Promise<readonly Column[]> => {
  const { options } = looking.request;
  if (options.columns !== undefined)
    return Object.entries(options.columns).map(([name, type]) => ({ name, type }));
  const given = new Map(
    Object.entries(options.types ?? {}).map(([name, type]) => [foldColumnName(name), type]),
  );
  const byName = new Map<string, { name: string; readonly from: { seen: Seen; column: Column }[] }>();
  for (const each of seen)
    for (const column of each.columns) {
      const entry = byName.get(foldColumnName(column.name)) ?? { name: column.name, from: [] };
      entry.from.push({ seen: each, column });
      byName.set(foldColumnName(column.name), entry);
    }
  for (const name of given.keys())
    if (!byName.has(name))
      throw new InputSchemaError({
        path: seen[0]?.file.path ?? '',
        reason: 'lacks a column that csv.types names',
        columns: [name],
      });
  const empties = new Map<Seen, ReadonlySet<string>>();
  const columns: Column[] = [];
  for (const [folded, { name, from }] of byName) {
    const types = new Set(from.map(({ column }) => column.type));
    let known = from;
    if (types.size > 1 && types.has('VARCHAR') && !given.has(folded)) {
      for (const { seen: each, column } of from)
        if (column.type === 'VARCHAR' && !empties.has(each))
          empties.set(each, await emptyColumns(looking, each));
      known = from.filter(({ seen: each, column }) => empties.get(each)?.has(column.name) !== true);
    }
    const type =
      given.get(folded) ?? unifyCsvTypes((known.length > 0 ? known : from).map(({ column }) => column.type));
    columns.push({ name, type });
  }
  refuseColumnCount(seen[0]?.file.path ?? '', columns.length);
  return columns;
};

export const requireSameColumns = (
  seen: readonly Seen[],
  columns: readonly Column[],
  schema: 'same' | 'union',
): void => {
  const [first] = seen;
  if (schema === 'union' || first === undefined) return;
  const expected = new Map(first.columns.map(({ name }) => [foldColumnName(name), name]));
  for (const { file, columns: own } of seen) {
    const names = new Set(own.map(({ name }) => foldColumnName(name)));
    const lacking = [...expected].filter(([folded]) => !names.has(folded)).map(([, name]) => name);
    const extra = own.filter(({ name }) => !expected.has(foldColumnName(name))).map(({ name }) => name);
    if (lacking.length > 0 || extra.length > 0)
      throw new InputSchemaError({
        path: file.path,
        reason: `${lacking.length > 0 ? 'lacks columns of' : 'has more columns than'} ${JSON.stringify(first.file.path)}; set input.schema: union to read both`,
        columns: lacking.length > 0 ? lacking : extra,
      });
  }
  if (columns.length !== expected.size) throw new Error('columns were unified wrongly');
};
