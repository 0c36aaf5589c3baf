import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import type { Decomposition, PartialDecomposition } from '../contract/decomposition.ts';
import {
  type DecomposedTrees,
  decomposeAggregates,
  type Output,
  shuffleAllRows,
} from '../core/decompose-aggregates.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderFinal, renderPartial, renderShuffled } from '../sql/render-aggregates.ts';
import { renderDecomposition } from '../sql/render-decomposition.ts';
import { renderExpression } from '../sql/render-expression.ts';

type Group = {
  readonly columns: readonly Column[];
  readonly keys: readonly string[];
  readonly outputs: readonly (Output & { readonly type: string })[];
};

/**
 * Decomposes the outputs of a group_by, which bind against `columns`, with the types of all columns that are shuffled.
 * Where merged states would not give an output its own type, rows are shuffled instead.
 */
export const bindDecomposition = async (
  connection: DuckDBConnection,
  group: Group,
): Promise<Decomposition> => {
  const named = { ...group, columns: group.columns.map(({ name }) => name) };
  const trees = decomposeAggregates(named);
  const merged = await bindTrees(connection, group, trees);
  if (typeof merged !== 'string') return merged;
  const rows = await bindTrees(connection, group, shuffleAllRows(named, merged));
  if (typeof rows === 'string') throw new Error(`a group_by could not be decomposed: ${rows}`);
  return rows;
};

/** The decomposition, or why there is none. */
const bindTrees = async (
  connection: DuckDBConnection,
  group: Group,
  trees: DecomposedTrees,
): Promise<Decomposition | string> => {
  const from = renderEmpty(group.columns);
  const types = new Map(group.outputs.map(({ name, type }) => [name, type]));
  if (trees.mode === 'partial' && trees.calls.length > 0) {
    const calls = trees.calls.map(({ call }) => renderExpression(call));
    const found = await describe(connection, `SELECT ${calls.join(', ')} FROM ${from}`);
    for (const [index, { name }] of trees.calls.entries()) types.set(name, found[index]?.type ?? '');
  }
  const drafted = renderDecomposition(trees, types);
  if (drafted.mode === 'unrendered') return drafted.reason;
  if (drafted.mode === 'partial') {
    const partial = await typeStates(connection, drafted, group.keys, from);
    return (await keepsTypes(connection, partial, group)) ? partial : 'a result of another type from parts';
  }
  const shuffled = await describe(connection, renderShuffled(drafted, group.keys, from));
  const columns = drafted.columns.map((column, index) => ({
    ...column,
    type: shuffled[group.keys.length + index]?.type ?? '',
  }));
  return { ...drafted, columns };
};

const typeStates = async (
  connection: DuckDBConnection,
  parts: PartialDecomposition,
  keys: readonly string[],
  from: string,
): Promise<PartialDecomposition> => {
  const found = await describe(connection, renderPartial(parts, keys, from));
  const states = parts.states.map((state, index) => ({
    ...state,
    type: found[keys.length + index]?.type ?? '',
  }));
  return { ...parts, states };
};

const keepsTypes = async (
  connection: DuckDBConnection,
  parts: PartialDecomposition,
  group: Group,
): Promise<boolean> => {
  const partial = renderPartial(parts, group.keys, renderEmpty(group.columns));
  const found = await describe(connection, renderFinal(parts, group.keys, `(${partial})`));
  return group.outputs.every(({ type }, index) => found[group.keys.length + index]?.type === type);
};

const describe = async (connection: DuckDBConnection, sql: string): Promise<readonly Column[]> => {
  const [names = [], types = []] = (await connection.runAndReadAll(`DESCRIBE ${sql}`)).getColumns();
  return names.map((name, index) => ({ name: String(name), type: String(types[index]) }));
};

const renderEmpty = (columns: readonly Column[]): string => {
  const fields = columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`);
  return `(SELECT ${fields.length === 0 ? '1 AS daybreak_nothing' : fields.join(', ')} WHERE false)`;
};
