import type { Column } from '../contract/columns.ts';
import { quoteIdentifier } from './quote.ts';

export const renderNamed = ({ name, sql }: { readonly name: string; readonly sql: string }): string =>
  `${sql} AS ${quoteIdentifier(name)}`;

export const renderNames = (columns: readonly Column[]): string =>
  renderList(columns.map(({ name }) => quoteIdentifier(name)));

/** SQL has no rows without columns; of such only the number counts. */
export const renderList = (columns: readonly string[]): string =>
  columns.length === 0 ? 'NULL AS daybreak_nothing' : columns.join(', ');

/** DuckDB folds case in names, so that is how they are compared. */
export const unusedName = (stem: string, columns: readonly Pick<Column, 'name'>[]): string => {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  let name = `daybreak_${stem}`;
  while (taken.has(name)) name += '_';
  return name;
};
