import { type DuckDBConnection, listValue } from '@duckdb/node-api';
import type { Problem } from '../contract/errors.ts';
import { SPEC_LIMITS } from '../contract/spec-limits.ts';
import type { Expression, Order } from '../core/expression.ts';
import { type ExpressionSource, expressionProblem } from '../core/expression-problem.ts';
import { type RawNode, readExpression, readSortKey } from '../core/read-expression.ts';
import { scanExpression } from '../core/scan-expression.ts';

/**
 * `expression` is undefined where the text has no tree; otherwise what may not be in it is a refused
 * node, and a problem. `order` of a sort key holds the same expression with its direction.
 */
export type ParsedExpression = {
  readonly source: ExpressionSource;
  readonly expression: Expression | undefined;
  readonly order: Order | undefined;
  readonly problems: readonly Problem[];
};

/** A sort key is parsed where it will stand, for its direction. */
const PREFIXES: Readonly<Record<ExpressionSource['form'], string>> = {
  value: 'SELECT ',
  'sort key': 'SELECT NULL ORDER BY ',
};

const LISTS: Readonly<Record<ExpressionSource['form'], string>> = {
  value: 'expression',
  'sort key': 'sort key',
};

type RawSelect = {
  readonly type: string;
  readonly modifiers: readonly { readonly type: string; readonly orders: readonly RawNode[] }[];
  readonly select_list: readonly RawNode[];
  readonly from_table: { readonly type: string };
  readonly where_clause: unknown;
  readonly group_expressions: readonly unknown[];
  readonly group_sets: readonly unknown[];
  readonly having: unknown;
  readonly sample: unknown;
  readonly qualify: unknown;
  readonly cte_map: { readonly map: readonly unknown[] };
};

type RawResult =
  | { readonly error: true; readonly error_message: string; readonly position?: string }
  | { readonly error: false; readonly statements: readonly { readonly node: RawSelect }[] };

/** Parses all expressions in one round trip; the results are in the order of the sources. */
export const parseExpressions = async (
  connection: DuckDBConnection,
  sources: readonly ExpressionSource[],
): Promise<readonly ParsedExpression[]> => {
  const refused = sources.map(refuseText);
  const statements = sources.flatMap((source, index) =>
    refused[index] === undefined ? [`${PREFIXES[source.form]}${source.text}`] : [],
  );
  const trees = await serialize(connection, statements);
  return sources.map((source, index) => {
    const problem = refused[index];
    if (problem !== undefined) return failed(source, problem);
    const tree = trees.next();
    if (tree.done === true) throw new Error('DuckDB gave fewer trees than there are expressions');
    return readTree(source, tree.value);
  });
};

const serialize = async (
  connection: DuckDBConnection,
  statements: readonly string[],
): Promise<Iterator<string>> => {
  if (statements.length === 0) return [].values();
  const reader = await connection.runAndReadAll(
    'SELECT json_serialize_sql(statement, skip_default := false, skip_empty := false, skip_null := false) FROM unnest($1) WITH ORDINALITY AS t(statement, place) ORDER BY place',
    [listValue(statements)],
  );
  return (reader.getColumns()[0] ?? []).map(String).values();
};

const failed = (source: ExpressionSource, problem: Problem): ParsedExpression => ({
  source,
  expression: undefined,
  order: undefined,
  problems: [problem],
});

/** Refuses what must not reach the engine's parser, or what it would drop without a word. */
const refuseText = (source: ExpressionSource): Problem | undefined => {
  const { text } = source;
  const what = `the ${LISTS[source.form]}`;
  if (text.length > SPEC_LIMITS.expressionLength) {
    const found = `${what} has ${text.length} characters; at most ${SPEC_LIMITS.expressionLength} are allowed`;
    return expressionProblem(source, found);
  }
  if (text.trim() === '') return expressionProblem(source, `${what} is empty`);
  if (text.includes('\0')) return expressionProblem(source, `${what} holds a NUL character`);
  if (!text.isWellFormed())
    return expressionProblem(source, `${what} is not valid Unicode: it holds half a surrogate`);
  const { comment, semicolon } = scanExpression(text);
  const bytesTo = (index: number): number => Buffer.byteLength(text.slice(0, index));
  if (semicolon !== undefined) {
    return expressionProblem(source, `${what} holds a semicolon: it is one expression`, {
      at: bytesTo(semicolon),
    });
  }
  if (comment !== undefined) {
    return expressionProblem(source, `${what} holds a comment: write it beside the expression`, {
      at: bytesTo(comment),
    });
  }
  return undefined;
};

/** Integers beyond 2^53 would be rounded by JSON.parse: they become texts. A quote inside a text is escaped. */
const parseTree = (json: string): RawResult =>
  JSON.parse(
    json.replace(/"(value|upper|lower)":(-?\d{16,}|-?Infinity|NaN)(?=[,}])/g, '"$1":"$2"'),
  ) as RawResult;

const readTree = (source: ExpressionSource, json: string): ParsedExpression => {
  const prefix = PREFIXES[source.form];
  const result = parseTree(json);
  if (result.error) return failed(source, syntaxProblem(source, result, prefix));
  const [statement, ...others] = result.statements;
  const node = statement?.node;
  if (node === undefined || others.length > 0 || !isBareSelect(node, source)) {
    const message = `the ${LISTS[source.form]} is more than one expression: clauses such as FROM, WHERE or UNION are not allowed`;
    return failed(source, expressionProblem(source, message));
  }
  const list = source.form === 'value' ? node.select_list : (node.modifiers[0]?.orders ?? []);
  const [raw, second] = list;
  if (raw === undefined || second !== undefined) {
    return failed(source, expressionProblem(source, `found ${list.length} expressions, and one is allowed`));
  }
  if (source.form === 'sort key') {
    const { order, problems } = readSortKey(raw, source, prefix.length);
    if (order.value.kind !== 'constant') return { source, expression: order.value, order, problems };
    return failed(source, expressionProblem(source, 'a constant sorts nothing: name a column'));
  }
  if (typeof raw.alias === 'string' && raw.alias !== '') {
    const message = `the expression gives itself the name ${raw.alias}: the spec names it already`;
    return failed(source, expressionProblem(source, message));
  }
  return { source, order: undefined, ...readExpression(raw, source, prefix.length) };
};

const isBareSelect = (node: RawSelect, source: ExpressionSource): boolean =>
  node.type === 'SELECT_NODE' &&
  node.modifiers.length === (source.form === 'value' ? 0 : 1) &&
  node.modifiers.every(({ type }) => type === 'ORDER_MODIFIER') &&
  node.from_table.type === 'EMPTY' &&
  [node.where_clause, node.having, node.sample, node.qualify].every((clause) => clause === null) &&
  node.group_expressions.length === 0 &&
  node.group_sets.length === 0 &&
  node.cte_map.map.length === 0;

const syntaxProblem = (
  source: ExpressionSource,
  { error_message, position }: Extract<RawResult, { error: true }>,
  prefix: string,
): Problem => {
  if (error_message.includes('Max expression depth') || error_message.includes('memory exhausted')) {
    return expressionProblem(
      source,
      `the ${LISTS[source.form]} nests too deep: use extend to name its parts`,
    );
  }
  if (error_message.includes('Only SELECT statements')) {
    return expressionProblem(source, `the ${LISTS[source.form]} holds a statement`);
  }
  const [message = ''] = error_message.split('\n');
  // Unlike the places of nodes, which are bytes, that of a syntax error counts characters.
  const before = [...source.text].slice(0, Math.max(0, Number(position) - prefix.length)).join('');
  const at = position === undefined ? undefined : Buffer.byteLength(before);
  return expressionProblem(source, message.replace(/\.$/, ''), { at });
};
