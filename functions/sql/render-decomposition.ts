import type { Decomposition, PartialDecomposition } from '../contract/decomposition.ts';
import { columnsOf } from '../core/columns-of.ts';
import type { DecomposedTrees, NamedCall, Output } from '../core/decompose-aggregates.ts';
import { addCallStates } from './aggregate-states.ts';
import { renderExpression } from './render-expression.ts';
import { createDrafts } from './state-drafts.ts';

/** What is not known from the trees: types, by name, as DuckDB names them; empty where not known yet. */
export type KnownTypes = ReadonlyMap<string, string>;

/** The value of a call whose states cannot be rendered in its type. */
export type Unrendered = { readonly mode: 'unrendered'; readonly reason: string };

/**
 * Renders the trees as the SQL that a plan stores. `types` has those of calls and outputs; types of states and
 * columns come empty where they are not in it.
 */
export const renderDecomposition = (
  trees: DecomposedTrees,
  types: KnownTypes,
): Decomposition | Unrendered => {
  const rows = { name: `${trees.prefix}rows`, partial: 'count(*)', single: 'CAST(1 AS BIGINT)' };
  if (trees.mode === 'partial') return renderPartialMode(trees, types, rows);
  const columns = renderOutputs(trees.columns, types);
  const { reason, foldsEqualRows } = trees;
  const outputs = renderOutputs(trees.outputs, types);
  return { mode: 'rows', reason, columns, outputs, foldsEqualRows, rows };
};

const renderPartialMode = (
  trees: {
    readonly prefix: string;
    readonly calls: readonly NamedCall[];
    readonly outputs: readonly Output[];
  },
  types: KnownTypes,
  rows: PartialDecomposition['rows'],
): PartialDecomposition | Unrendered => {
  const drafts = createDrafts(trees.prefix);
  const values: PartialDecomposition['values'] = [];
  for (const { name, call } of trees.calls) {
    const type = types.get(name);
    if (type === undefined) throw new Error(`the type of ${call.name} was not bound`);
    const value = addCallStates(drafts, call, type);
    if (value === undefined) return { mode: 'unrendered', reason: `${call.name} of type ${type}` };
    values.push({ name, sql: value.sql, uses: [...value.uses] });
  }
  const copyUses = <Part extends { readonly uses: readonly string[] }>(part: Part) => ({
    ...part,
    uses: [...part.uses],
  });
  const states = drafts.states.map(({ name, partial, single, merge }) => {
    const { sql, uses } = merge();
    return { name, type: types.get(name) ?? '', partial, single, merge: sql, uses: [...uses] };
  });
  return {
    mode: 'partial',
    states,
    gathered: drafts.gathered.map(copyUses),
    derived: drafts.derived.map(copyUses),
    values,
    outputs: renderOutputs(trees.outputs, types),
    rows,
  };
};

const renderOutputs = (outputs: readonly Output[], types: KnownTypes): PartialDecomposition['outputs'] =>
  outputs.map(({ name, expression }) => ({
    name,
    type: types.get(name) ?? '',
    sql: renderExpression(expression),
    uses: [...columnsOf(expression)],
  }));
