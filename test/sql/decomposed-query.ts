import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../../functions/contract/columns.ts';
import type { Decomposition, PartialDecomposition } from '../../functions/contract/decomposition.ts';
import { bindDecomposition } from '../../functions/io/bind-decomposition.ts';
import { bindExpressions } from '../../functions/io/bind-expressions.ts';
import { quoteIdentifier } from '../../functions/sql/quote.ts';
import {
  renderFinal,
  renderGroups,
  renderPartial,
  renderShuffled,
  renderSingle,
} from '../../functions/sql/render-aggregates.ts';
import { renderExpression } from '../../functions/sql/render-expression.ts';
import { judge } from '../io/expression-session.ts';

/** A group_by over the table `rows`, whose column `part` says which map task a row belongs to. */
export type GroupQuery = {
  readonly columns: readonly Column[];
  readonly keys: readonly string[];
  /** Texts of the outputs, which are named `o0`, `o1` … */
  readonly outputs: readonly string[];
  /** Of some outputs by text: an aggregate that says how large their rounding may be, times the tolerance. */
  readonly noise?: ReadonlyMap<string, string>;
};

/** How the parts are computed: `single` parts go through unaggregated. */
export type Layout = { readonly parts: readonly ('partial' | 'single')[] };

export type BoundQuery = GroupQuery & {
  readonly decomposition: Decomposition;
  readonly types: readonly string[];
  /** The whole query, with the hidden `rows`. */
  readonly direct: string;
};

export const bindQuery = async (connection: DuckDBConnection, query: GroupQuery): Promise<BoundQuery> => {
  const judged = await judge(connection, query.outputs, { ...query, use: 'aggregate' });
  const problems = judged.flatMap((each) => each.problems);
  const expressions = judged.flatMap(({ text, expression }) =>
    expression === undefined ? [] : [{ path: text, expression }],
  );
  const bound = await bindExpressions(connection, expressions, query);
  if (problems.length + bound.problems.length > 0)
    throw new Error(JSON.stringify([...problems, ...bound.problems]));
  const types = bound.types.map(String);
  const outputs = expressions.map(({ expression }, index) => ({
    name: `o${index}`,
    expression,
    type: types[index] ?? '',
  }));
  const keys = query.keys.map(quoteIdentifier);
  const selected = [
    ...keys,
    ...outputs.map(({ name, expression }) => `${renderExpression(expression)} AS ${name}`),
    ...query.outputs.map((text, index) => `${query.noise?.get(text) ?? '0'} AS noise${index}`),
    'count(*) AS daybreak_rows',
  ];
  return {
    ...query,
    types,
    decomposition: await bindDecomposition(connection, { ...query, outputs }),
    direct: `SELECT ${selected.join(', ')} FROM rows${keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`}`,
  };
};

/** Runs the parts into the table `result`, as map and reduce tasks would. */
export const runParts = async (
  connection: DuckDBConnection,
  { decomposition, keys }: BoundQuery,
  layout: Layout,
): Promise<void> => {
  if (decomposition.mode === 'partial') return runStates(connection, decomposition, keys, layout);
  const shuffled = layout.parts.map((_, part) => renderShuffled(decomposition, keys, partOf('rows', part)));
  await replace(connection, 'shuffled', unionOf(shuffled));
  await replace(connection, 'result', renderGroups(decomposition, keys, 'shuffled'));
};

const runStates = async (
  connection: DuckDBConnection,
  parts: PartialDecomposition,
  keys: readonly string[],
  layout: Layout,
): Promise<void> => {
  const selects = layout.parts.map((kind, part) =>
    (kind === 'partial' ? renderPartial : renderSingle)(parts, keys, partOf('rows', part)),
  );
  for (const select of selects) await checkStateTypes(connection, parts, keys, select);
  await replace(connection, 'states', unionOf(selects));
  await replace(connection, 'result', renderFinal(parts, keys, 'states'));
};

const checkStateTypes = async (
  connection: DuckDBConnection,
  parts: PartialDecomposition,
  keys: readonly string[],
  select: string,
): Promise<void> => {
  const found = (await connection.runAndReadAll(`DESCRIBE ${select}`)).getColumns()[1]?.slice(keys.length);
  const expected = [...parts.states.map(({ type }) => type), 'BIGINT'];
  if (JSON.stringify(found) !== JSON.stringify(expected))
    throw new Error(`states of types ${found} where ${expected} are planned: ${select}`);
};

const partOf = (table: string, part: number): string =>
  `(SELECT * EXCLUDE (part) FROM ${table} WHERE part = ${part})`;
const unionOf = (selects: readonly string[]): string =>
  selects.map((select) => `(${select})`).join(' UNION ALL ');
const replace = async (connection: DuckDBConnection, table: string, select: string): Promise<void> => {
  await connection.run(`CREATE OR REPLACE TEMP TABLE next_${table} AS ${select}`);
  await connection.run(`DROP TABLE IF EXISTS ${table}`);
  await connection.run(`ALTER TABLE next_${table} RENAME TO ${table}`);
};

/** What differs between `result` and the whole query: nothing where they agree, floats to a relative tolerance. */
export const differences = async (
  connection: DuckDBConnection,
  query: BoundQuery,
  tolerance = 1e-9,
): Promise<readonly string[]> => {
  const { decomposition, keys, outputs, types } = query;
  const found: string[] = [];
  const described = (await connection.runAndReadAll('DESCRIBE result')).getColumns()[1] ?? [];
  const given = described.slice(keys.length, keys.length + types.length);
  if (JSON.stringify(given) !== JSON.stringify(types)) found.push(`types ${given} are not ${types}`);
  const on = keys.map((key) => `a.${quoteIdentifier(key)} IS NOT DISTINCT FROM b.${quoteIdentifier(key)}`);
  const pairs = `(${query.direct}) a FULL JOIN result b ON ${on.length === 0 ? 'true' : on.join(' AND ')}`;
  const same = types.map((type, index) => {
    const [one, other] = [`a.o${index}`, `b.o${index}`];
    const exact = `${one} IS NOT DISTINCT FROM ${other}`;
    if (type !== 'DOUBLE') return exact;
    return `(${exact} OR coalesce(isfinite(${one}) AND isfinite(${other}) AND abs(${one} - ${other}) <= ${tolerance} * greatest(abs(${one}), abs(${other}), a.noise${index}), false))`;
  });
  const wrong = same.map(
    (condition, index) =>
      `string_agg(a.o${index}::VARCHAR || ' or ' || coalesce(b.o${index}::VARCHAR, 'NULL'), '; ') FILTER (WHERE NOT ${condition}), count(*) FILTER (WHERE NOT ${condition})`,
  );
  const sql = `SELECT count(*) FILTER (WHERE a.daybreak_rows IS DISTINCT FROM b.${decomposition.rows.name}), ${wrong.join(', ')} FROM ${pairs}`;
  const [row = []] = (await connection.runAndReadAll(sql)).getRows();
  if (row[0] !== 0n) found.push(`${row[0]} groups differ, or stand for other rows`);
  for (const [index, text] of outputs.entries()) {
    const count = row[2 + 2 * index];
    if (count !== 0n) found.push(`${text} (${types[index]}): ${count} groups: ${row[1 + 2 * index]}`);
  }
  return found;
};
