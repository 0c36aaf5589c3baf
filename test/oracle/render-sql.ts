/** The oracle: what plain DuckDB makes of a case's file, in one statement. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteIdentifier, quoteText } from '../../functions/sql/quote.ts';
import type { Step, Table } from './grammar.ts';
import { type DataFormat, VALUE_TYPES } from './value-types.ts';

const renderNamed = (expressions: Readonly<Record<string, string>>): string =>
  Object.entries(expressions)
    .map(([name, sql]) => `${sql} AS ${quoteIdentifier(name)}`)
    .join(', ');

const renderGroupBy = (
  keys: readonly string[],
  aggregates: Readonly<Record<string, string>>,
  from: string,
): string => {
  const names = keys.map(quoteIdentifier);
  const grouping = names.length === 0 ? '' : ` GROUP BY ${names.join(', ')}`;
  return `SELECT ${[...names, renderNamed(aggregates)].join(', ')} FROM ${from}${grouping}`;
};

const renderStep = (step: Step, from: string): string => {
  if ('filter' in step) return `SELECT * FROM ${from} WHERE ${step.filter}`;
  if ('select' in step) return `SELECT ${renderNamed(step.select)} FROM ${from}`;
  if ('extend' in step) return `SELECT *, ${renderNamed(step.extend)} FROM ${from}`;
  if ('group_by' in step) return renderGroupBy(step.group_by.keys, step.group_by.aggregates, from);
  if ('sort' in step) {
    return `SELECT * FROM ${from} ORDER BY ${step.sort.by.join(', ')}, COLUMNS(*) LIMIT ${step.sort.limit}`;
  }
  if ('distinct' in step) {
    const columns = step.distinct === true ? '*' : step.distinct.map(quoteIdentifier).join(', ');
    return `SELECT DISTINCT ${columns} FROM ${from}`;
  }
  if ('repartition' in step) return `SELECT * FROM ${from}`;
  const column = quoteIdentifier(step.unnest);
  return `SELECT * REPLACE (unnest(${column}) AS ${column}) FROM ${from}`;
};

/** Renders the steps of a spec as one query over `source`, a table function or a table. */
export const renderOracleSql = (steps: readonly Step[], source: string): string => {
  const views = steps.map((step, index) => `s${index + 1} AS (${renderStep(step, `s${index}`)})`);
  return `WITH ${[`s0 AS (SELECT * FROM ${source})`, ...views].join(',\n')}\nSELECT * FROM s${steps.length}`;
};

const CSV_OPTIONS = { header: true, delim: ',', quote: '"', escape: '"', all_varchar: true } as const;

/** The types of the columns as the file holds them. */
const storedTypes = ({ format, columns }: Table): Readonly<Record<string, string>> =>
  Object.fromEntries(
    columns.map(({ name, typeName }) => {
      const { type, storage } = VALUE_TYPES[typeName];
      return [name, storage[format] === 'text' ? 'VARCHAR' : type];
    }),
  );

/** The `input` of a spec that reads the table's file; CSV and JSONL with their dialect and types given. */
export const renderInput = (table: Table, uri: string): Readonly<Record<string, unknown>> => {
  if (table.format === 'csv') return { uri, format: 'csv', csv: CSV_OPTIONS };
  if (table.format === 'jsonl') return { uri, format: 'jsonl', jsonl: { columns: storedTypes(table) } };
  return { uri, format: 'parquet' };
};

/** The table function that reads the same file in plain DuckDB. */
export const renderSource = (table: Table, path: string): string => {
  if (table.format === 'parquet') return `read_parquet(${quoteText(path)})`;
  if (table.format === 'csv') {
    return `read_csv(${quoteText(path)}, header = true, delim = ',', quote = '"', escape = '"', all_varchar = true)`;
  }
  const columns = Object.entries(storedTypes(table)).map(
    ([name, type]) => `${quoteText(name)}: ${quoteText(type)}`,
  );
  return `read_json(${quoteText(path)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
};

const COPY_OPTIONS: Readonly<Record<DataFormat, string>> = {
  // The least that a row group can be, so that a small file has several.
  parquet: 'FORMAT parquet, ROW_GROUP_SIZE 2048',
  csv: 'FORMAT csv, HEADER true',
  jsonl: 'FORMAT json',
};

/** Writes the table's rows to a file. */
export const writeTable = async (connection: DuckDBConnection, table: Table, path: string): Promise<void> => {
  const types = table.columns.map(({ typeName }) => VALUE_TYPES[typeName].type);
  const names = table.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const stored = Object.entries(storedTypes(table)).map(
    ([name, type]) => `CAST(${quoteIdentifier(name)} AS ${type}) AS ${quoteIdentifier(name)}`,
  );
  const renderRow = (values: readonly string[]) =>
    `(${values.map((value, index) => `CAST(${value} AS ${types[index]})`).join(', ')})`;
  const rows = table.rows.length === 0 ? [types.map(() => 'NULL')] : table.rows;
  const repeat = table.rows.length === 0 ? 0 : table.repeat;
  await connection.run(`
    COPY (SELECT ${stored.join(', ')} FROM (VALUES ${rows.map(renderRow).join(', ')}) AS t(${names}), range(${repeat}))
    TO ${quoteText(path)} (${COPY_OPTIONS[table.format]})`);
};
