import type { Column } from '../contract/columns.ts';
import { quoteIdentifier, quoteText } from './quote.ts';

export type OutputFormat = 'parquet' | 'jsonl' | 'csv';

/**
 * Types that a format cannot hold and that DuckDB would change without a word when it writes them
 * (a HUGEINT becomes a DOUBLE in Parquet and loses digits; an INTERVAL loses its microseconds there),
 * and what is written instead. Without a row a type is written as it is.
 */
export const WRITTEN_AS: Readonly<Record<OutputFormat, readonly (readonly [from: string, to: string])[]>> = {
  parquet: [
    ['UHUGEINT', 'DECIMAL(38,0)'],
    ['HUGEINT', 'DECIMAL(38,0)'],
    ['INTERVAL', 'VARCHAR'],
  ],
  jsonl: [],
  csv: [],
};

/** Matches quoted names whole, so that a struct field called HUGEINT keeps its name. */
const wordOf = (type: string): RegExp => new RegExp(`"(?:[^"]|"")*"|'(?:[^']|'')*'|\\b${type}\\b`, 'g');

/** DuckDB's type text of a column as it stands in the output; nested types are changed inside. */
export const outputType = (type: string, format: OutputFormat): string =>
  WRITTEN_AS[format].reduce(
    (text, [from, to]) => text.replaceAll(wordOf(from), (word) => (word === from ? to : word)),
    type,
  );

/** The columns of an output; a HUGEINT that DECIMAL(38,0) cannot hold fails as a conversion when it is written. */
export const outputColumns = (columns: readonly Column[], format: OutputFormat): readonly Column[] =>
  columns.map(({ name, type }) => ({ name, type: outputType(type, format) }));

const COPY_OPTIONS: Readonly<Record<OutputFormat, string>> = {
  parquet: 'FORMAT parquet',
  jsonl: 'FORMAT json',
  csv: 'FORMAT csv, HEADER true',
};

/** Renders the COPY that writes a query's rows to one file; its answer is one row, the number of rows written. */
export const renderCopy = (options: {
  readonly sql: string;
  readonly columns: readonly Column[];
  readonly format: OutputFormat;
  readonly path: string;
}): string => {
  const { columns, format } = options;
  const casts = columns.map(({ name, type }) => {
    const column = quoteIdentifier(name);
    const target = outputType(type, format);
    return target === type ? column : `CAST(${column} AS ${target}) AS ${column}`;
  });
  const isPlain = columns.every(({ type }) => outputType(type, format) === type);
  const query = isPlain ? options.sql : `SELECT ${casts.join(', ')} FROM (\n${options.sql}\n)`;
  return `COPY (\n${query}\n) TO ${quoteText(options.path)} (${COPY_OPTIONS[format]})`;
};
