import type { PartialDecomposition, RowsDecomposition } from '../contract/decomposition.ts';
import { quoteIdentifier } from './quote.ts';
import { renderNamed } from './render-names.ts';

const renderSelect = (columns: readonly string[], from: string, groups?: readonly string[]): string => {
  const groupBy = groups === undefined || groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`;
  return `SELECT ${columns.join(', ')} FROM ${from}${groupBy}`;
};

/** Rows -> keys, states, rows: a row for each group. `from` is a FROM item, in all functions here. */
export const renderPartial = (parts: PartialDecomposition, keys: readonly string[], from: string): string => {
  const names = keys.map(quoteIdentifier);
  const states = parts.states.map(({ name, partial }) => renderNamed({ name, sql: partial }));
  return renderSelect(
    [...names, ...states, renderNamed({ name: parts.rows.name, sql: parts.rows.partial })],
    from,
    names,
  );
};

/** Rows -> keys, states, rows: a row for each row, of the same types as {@link renderPartial}. */
export const renderSingle = (parts: PartialDecomposition, keys: readonly string[], from: string): string => {
  const states = parts.states.map(({ name, single }) => renderNamed({ name, sql: single }));
  const rows = renderNamed({ name: parts.rows.name, sql: parts.rows.single });
  return renderSelect([...keys.map(quoteIdentifier), ...states, rows], from);
};

/**
 * How many states or rows came in for a group, beside what {@link renderFinal} and {@link renderGroups} give; quoted.
 * The name of the rows begins as no column of the group does, and so does this one.
 */
export const statesColumn = ({ rows }: Pick<PartialDecomposition, 'rows'>): string =>
  quoteIdentifier(`${rows.name}_in`);
const renderStates = (parts: Pick<PartialDecomposition, 'rows'>): string =>
  `count(*) AS ${statesColumn(parts)}`;

/** Keys, states, rows -> the same with the number of states, a row for each group. */
const renderMerged = (parts: PartialDecomposition, keys: readonly string[], from: string): string => {
  const names = keys.map(quoteIdentifier);
  const rows = quoteIdentifier(parts.rows.name);
  const total = `CAST(coalesce(sum(${rows}), 0) AS BIGINT) AS ${rows}`;
  const gathered = renderSelect(
    [...names, ...parts.gathered.map(renderNamed), total, renderStates(parts)],
    from,
    names,
  );
  const derived =
    parts.derived.length === 0
      ? `(${gathered})`
      : `(${renderSelect(['*', ...parts.derived.map(renderNamed)], `(${gathered})`)})`;
  const states = parts.states.map(({ name, merge }) => renderNamed({ name, sql: merge }));
  return renderSelect([...names, ...states, rows, statesColumn(parts)], derived);
};

/** Keys, states, rows -> keys, the columns of the result, rows, states: a row for each group. */
export const renderFinal = (parts: PartialDecomposition, keys: readonly string[], from: string): string => {
  const names = keys.map(quoteIdentifier);
  const rows = quoteIdentifier(parts.rows.name);
  const merged = renderMerged(parts, keys, from);
  const values = renderSelect(
    [...names, ...parts.values.map(renderNamed), rows, statesColumn(parts)],
    `(${merged})`,
  );
  return renderSelect(
    [...names, ...parts.outputs.map(renderNamed), rows, statesColumn(parts)],
    `(${values})`,
  );
};

/** Rows -> keys and columns to shuffle; with rows, and a row for each distinct one, where equal rows fold. */
export const renderShuffled = (parts: RowsDecomposition, keys: readonly string[], from: string): string => {
  const columns = [...keys.map(quoteIdentifier), ...parts.columns.map(renderNamed)];
  if (!parts.foldsEqualRows)
    return renderSelect(columns.length === 0 ? ['NULL AS daybreak_nothing'] : columns, from);
  const { name, partial } = parts.rows;
  return renderSelect([...columns, renderNamed({ name, sql: partial })], from, [
    ...keys.map(quoteIdentifier),
    ...parts.columns.map((_, index) => String(keys.length + index + 1)),
  ]);
};

/** What {@link renderShuffled} gave -> keys, the columns of the result, rows, states: a row for each group. */
export const renderGroups = (parts: RowsDecomposition, keys: readonly string[], from: string): string => {
  const names = keys.map(quoteIdentifier);
  const rows = quoteIdentifier(parts.rows.name);
  const total = parts.foldsEqualRows ? `CAST(coalesce(sum(${rows}), 0) AS BIGINT)` : parts.rows.partial;
  return renderSelect(
    [...names, ...parts.outputs.map(renderNamed), `${total} AS ${rows}`, renderStates(parts)],
    from,
    names,
  );
};
