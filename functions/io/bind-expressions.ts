import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import type { Problem } from '../contract/errors.ts';
import { columnsOf } from '../core/columns-of.ts';
import { childrenOf, type Expression } from '../core/expression.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderExpression } from '../sql/render-expression.ts';

/** A checked expression, and what its type must be where that is fixed. */
export type ExpressionToBind = {
  readonly path: string;
  readonly expression: Expression;
  readonly expects?: 'BOOLEAN';
};

export type BindingScope = {
  readonly columns: readonly Column[];
  /** Columns that group the rows, for aggregates; undefined where each row stands for itself. */
  readonly keys?: readonly string[];
};

export type BoundExpressions = {
  /** DuckDB's type texts, in the order of the expressions; undefined where there is a problem. */
  readonly types: readonly (string | undefined)[];
  readonly problems: readonly Problem[];
};

/**
 * Finds the types of the expressions of one step against an empty relation with the step's columns, in
 * one round trip; only where that fails, each expression is bound by itself to tell which one it was.
 */
export const bindExpressions = async (
  connection: DuckDBConnection,
  expressions: readonly ExpressionToBind[],
  scope: BindingScope,
): Promise<BoundExpressions> => {
  if (expressions.length === 0) return { types: [], problems: [] };
  const together = await describe(connection, expressions, scope);
  const described =
    typeof together !== 'string' ? together : await describeEach(connection, expressions, scope);
  const constants = await findBadConstants(connection, expressions);
  const unbound = expressions.flatMap((expression, index): Problem[] => {
    const found = described[index];
    if (found === undefined || 'error' in found) {
      const message = bindingMessage(expression, scope, found?.error ?? 'no type');
      return [{ path: expression.path, message, columns: [...columnsOf(expression.expression)] }];
    }
    if (expression.expects === undefined || found.type === expression.expects) return [];
    const message = `the expression is of type ${found.type}, and ${expression.expects} is expected here.`;
    return [{ path: expression.path, message }];
  });
  const types = described.map((found) => ('error' in found ? undefined : found.type));
  return { types, problems: [...unbound, ...constants] };
};

type Described = { readonly type: string } | { readonly error: string };

const describeEach = async (
  connection: DuckDBConnection,
  expressions: readonly ExpressionToBind[],
  scope: BindingScope,
): Promise<readonly Described[]> => {
  const found: Described[] = [];
  for (const expression of expressions) {
    const one = await describe(connection, [expression], scope);
    found.push(typeof one === 'string' ? { error: one } : (one[0] ?? { error: 'no type' }));
  }
  return found;
};

/** The types in order, or the text of the error. */
const describe = async (
  connection: DuckDBConnection,
  expressions: readonly ExpressionToBind[],
  scope: BindingScope,
): Promise<readonly Described[] | string> => {
  const sql = renderBinding(expressions, scope);
  try {
    const reader = await connection.runAndReadAll(`DESCRIBE ${sql}`);
    return (reader.getColumns()[1] ?? []).map((type) => ({ type: String(type) }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** Casts of constant texts fail where the first row arrives, or here: `DATE '2026-13-01'`. */
const findBadConstants = async (
  connection: DuckDBConnection,
  expressions: readonly ExpressionToBind[],
): Promise<readonly Problem[]> => {
  const casts = expressions.flatMap(({ path, expression }) =>
    collectConstants(expression).map((sql) => ({ path, sql })),
  );
  if (casts.length === 0) return [];
  const error = await run(connection, `SELECT ${casts.map(({ sql }) => sql).join(', ')}`);
  if (error === undefined) return [];
  const problems: Problem[] = [];
  for (const { path, sql } of casts) {
    const one = await run(connection, `SELECT ${sql}`);
    if (one !== undefined) problems.push({ path, message: `${sentenceOf(one)} (in ${sql.slice(0, 200)}).` });
  }
  return problems;
};

const run = async (connection: DuckDBConnection, sql: string): Promise<string | undefined> => {
  try {
    await connection.run(sql);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** Constant texts that are cast, but for those whose failure is asked for by TRY. */
const collectConstants = (expression: Expression): readonly string[] => {
  if (expression.kind === 'operator' && expression.type === 'OPERATOR_TRY') return [];
  if (expression.kind === 'cast' && !expression.isTry && expression.child.kind === 'constant') {
    return expression.child.type === 'text' ? [renderExpression(expression)] : [];
  }
  return childrenOf(expression).flatMap(collectConstants);
};

const renderBinding = (expressions: readonly ExpressionToBind[], scope: BindingScope): string => {
  const names = new Set([
    ...(scope.keys ?? []),
    ...expressions.flatMap(({ expression }) => [...columnsOf(expression)]),
  ]);
  const columns = scope.columns
    .filter(({ name }) => names.has(name))
    .map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`);
  // A relation needs a column.
  const fields = columns.length === 0 ? ['1 AS daybreak_nothing'] : columns;
  const values = expressions.map(({ expression }, index) => `${renderExpression(expression)} AS "${index}"`);
  const keys = scope.keys ?? [];
  const groups = keys.length === 0 ? '' : ` GROUP BY ${keys.map(quoteIdentifier).join(', ')}`;
  return `SELECT ${values.join(', ')} FROM (SELECT ${fields.join(', ')} WHERE false)${groups}`;
};

/** DuckDB's sentence without its lists of candidates, and the types of the columns that it is about. */
const bindingMessage = ({ expression }: ExpressionToBind, scope: BindingScope, error: string): string => {
  const names = columnsOf(expression);
  const types = scope.columns
    .filter(({ name }) => names.has(name))
    .map(({ name, type }) => `${name} is ${type.length <= 80 ? type : `${type.slice(0, 80)}…`}`);
  return `${sentenceOf(error)}${types.length === 0 || types.length > 8 ? '' : ` (${types.join(', ')})`}.`;
};

const sentenceOf = (error: string): string => {
  const [sentence = ''] = error.replace(/^[A-Za-z ]+ Error: /, '').split(/\n|\. In order to| You might need/);
  return sentence.replace(/[.!]?$/, '').slice(0, 300);
};
