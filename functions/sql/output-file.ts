import type { Column } from '../contract/columns.ts';
import { splitTypeParts } from '../core/parse-type.ts';
import { renderFiniteJson } from './finite-json.ts';
import { quoteIdentifier, quoteText } from './quote.ts';

export type OutputFormat = 'parquet' | 'jsonl' | 'csv';

/**
 * Types that Parquet cannot hold and that DuckDB would change without a word when it writes them, and what is
 * written instead. A HUGEINT would become a DOUBLE and lose digits, an INTERVAL its microseconds; the others would
 * stand in the file under another type than the manifest says. Text formats hold every type as text.
 */
const STORED_IN_PARQUET: ReadonlyMap<string, string> = new Map([
  ['HUGEINT', 'DECIMAL(38,0)'],
  ['UHUGEINT', 'DECIMAL(38,0)'],
  ['INTERVAL', 'VARCHAR'],
  ['BIT', 'VARCHAR'],
  ['TIME_NS', 'VARCHAR'],
  ['TIMESTAMP_S', 'TIMESTAMP'],
  ['TIMESTAMP_MS', 'TIMESTAMP'],
]);

const storedInParquet = (type: string): string => {
  const element = /^(.*)\[\d*\]$/s.exec(type)?.[1];
  if (element !== undefined) return `${storedInParquet(element)}[]`;
  const [, kind, inner = ''] = /^(STRUCT|MAP|ENUM|UNION)\((.*)\)$/s.exec(type) ?? [];
  switch (kind) {
    case 'ENUM':
      return 'VARCHAR';
    case 'UNION':
      return 'JSON';
    case 'MAP':
      return `MAP(${splitTypeParts(inner).map(storedInParquet).join(', ')})`;
    case 'STRUCT':
      return `STRUCT(${splitTypeParts(inner).map(storedField).join(', ')})`;
    default:
      return STORED_IN_PARQUET.get(type) ?? type;
  }
};

const storedField = (field: string): string => {
  const [name = ''] = /^(?:"(?:[^"]|"")*"|[^" ]+) /.exec(field) ?? [];
  return `${name}${storedInParquet(field.slice(name.length))}`;
};

/** DuckDB's type text of a column as it stands in the output; nested types are changed inside. */
export const outputType = (type: string, format: OutputFormat): string =>
  format === 'parquet' ? storedInParquet(type) : type;

/** The columns of an output; a HUGEINT that DECIMAL(38,0) cannot hold fails as a conversion when it is written. */
export const outputColumns = (columns: readonly Column[], format: OutputFormat): readonly Column[] =>
  columns.map(({ name, type }) => ({ name, type: outputType(type, format) }));

const COPY_OPTIONS: Readonly<Record<OutputFormat, string>> = {
  parquet: 'FORMAT parquet',
  jsonl: 'FORMAT json',
  csv: 'FORMAT csv, HEADER true',
};

/** A column as it is written; NULL in a CSV of one column would be a blank line, which readers pass over. */
const renderStored = (column: string, type: string, format: OutputFormat, columns: number): string => {
  if (format === 'jsonl') return renderFiniteJson(column, type);
  if (format === 'csv') return columns === 1 ? `coalesce(CAST(${column} AS VARCHAR), '')` : column;
  const target = outputType(type, format);
  return target === type ? column : `CAST(${column} AS ${target})`;
};

/** Renders the COPY that writes a query's rows to one file; its answer is one row, the number of rows written. */
export const renderCopy = (options: {
  readonly sql: string;
  readonly columns: readonly Column[];
  readonly format: OutputFormat;
  readonly path: string;
}): string => {
  const { columns, format } = options;
  const items = columns.map(({ name, type }) => {
    const column = quoteIdentifier(name);
    const stored = renderStored(column, type, format, columns.length);
    return stored === column ? column : `${stored} AS ${column}`;
  });
  const isPlain = items.every((item, index) => item === quoteIdentifier(columns[index]?.name ?? ''));
  const query = isPlain ? options.sql : `SELECT ${items.join(', ')} FROM (\n${options.sql}\n)`;
  return `COPY (\n${query}\n) TO ${quoteText(options.path)} (${COPY_OPTIONS[format]})`;
};
