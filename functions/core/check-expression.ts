import type { Column } from '../contract/columns.ts';
import type { Problem } from '../contract/errors.ts';
import {
  INSTANT_WORDS,
  LAMBDA_FUNCTIONS,
  LIST_SORTS,
  NAMED_AGGREGATE_FUNCTIONS,
  SQL_FUNCTIONS,
  type SqlFunction,
} from '../contract/sql-functions.ts';
import { SESSION_WORDS, SQL_REFUSALS } from '../contract/sql-refusals.ts';
import {
  type ColumnNode,
  childrenOf,
  type Expression,
  type FunctionNode,
  isSameExpression,
  mapChildren,
} from './expression.ts';
import { type ExpressionSource, expressionProblem } from './expression-problem.ts';
import { bindInstant } from './submission-instant.ts';
import { suggestName } from './suggest-name.ts';

/** Where an expression stands. `keys` (names of columns) may stand outside the aggregates of `aggregate`. */
export type ExpressionScope = {
  readonly columns: readonly Column[];
  readonly use: 'scalar' | 'aggregate';
  readonly keys?: readonly string[];
  /** ISO 8601, UTC. */
  readonly submittedAt: string;
};

type AggregateFunction = Extract<SqlFunction, { kind: 'aggregate' }>;

type Checker = {
  readonly source: ExpressionSource;
  readonly scope: ExpressionScope;
  readonly columns: ReadonlyMap<string, Column>;
  readonly keys: ReadonlySet<string>;
  readonly problems: Problem[];
  aggregates: number;
};

/** What holds at one place of the tree. */
type Place = {
  readonly isInAggregate: boolean;
  readonly isInLambda: boolean;
  /** The parent puts a list into an order of its own. */
  readonly isSorted: boolean;
  readonly parameters: ReadonlySet<string>;
};

/** DuckDB folds the case of ASCII letters only. */
const foldName = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/**
 * Checks an expression against the allow-list and the columns that there are, and rewrites it: the clock
 * becomes the submission instant, columns get the case they are declared with, and the ORDER BY inside
 * an order-dependent aggregate is completed, so that ties cannot change the result.
 * All problems are returned together; the expression is of use only where there are none.
 */
export const checkExpression = (
  source: ExpressionSource,
  expression: Expression,
  scope: ExpressionScope,
): { readonly expression: Expression; readonly problems: readonly Problem[] } => {
  const checker: Checker = {
    source,
    scope,
    columns: new Map(scope.columns.map((column) => [foldName(column.name), column])),
    keys: new Set((scope.keys ?? []).map(foldName)),
    problems: [],
    aggregates: 0,
  };
  const place = { isInAggregate: false, isInLambda: false, isSorted: false, parameters: new Set<string>() };
  const checked = check(checker, expression, place);
  if (scope.use === 'aggregate' && checker.aggregates === 0 && !holdsRefused(expression)) {
    report(
      checker,
      'no aggregate function here: an aggregate makes one value of the rows of a group',
      expression,
    );
  }
  return { expression: checked, problems: checker.problems };
};

const holdsRefused = (expression: Expression): boolean =>
  expression.kind === 'refused' || childrenOf(expression).some(holdsRefused);

const report = (checker: Checker, message: string, node: Expression, suggestion?: string): Expression => {
  checker.problems.push(expressionProblem(checker.source, message, { at: node.at, suggestion }));
  return { kind: 'refused', at: node.at };
};

const check = (checker: Checker, node: Expression, place: Place): Expression => {
  const below = { ...place, isSorted: false };
  switch (node.kind) {
    case 'column':
      return checkColumn(checker, node, place);
    case 'function':
      return checkFunction(checker, node, place);
    default:
      return mapChildren(node, (child) => check(checker, child, below));
  }
};

const checkColumn = (checker: Checker, node: ColumnNode, place: Place): Expression => {
  const [first, ...fields] = node.path;
  const name = foldName(first);
  if (place.parameters.has(name)) return node;
  const column = checker.columns.get(name);
  if (column === undefined) return checkWord(checker, node, name);
  if (checker.scope.use === 'aggregate' && !place.isInAggregate && !checker.keys.has(name)) {
    return report(
      checker,
      `the column ${first} stands outside an aggregate: a group has many values of it`,
      node,
    );
  }
  if (fields.length > 0 && /^(?!(STRUCT|UNION)\().|\]$/.test(column.type)) {
    return report(
      checker,
      `the column ${first} is of type ${shorten(column.type)}, which has no fields`,
      node,
    );
  }
  return { ...node, path: [column.name, ...fields] };
};

/** A name that is no column: a word for the clock or the session, a table before the dot, or a slip. */
const checkWord = (checker: Checker, node: ColumnNode, name: string): Expression => {
  const [first, ...fields] = node.path;
  const instant = INSTANT_WORDS.get(name);
  if (instant !== undefined && fields.length === 0) return bindInstant(checker.scope.submittedAt, instant);
  const refusal = SESSION_WORDS.has(name) ? SQL_REFUSALS.get(name) : undefined;
  if (refusal !== undefined)
    return report(checker, `${first} is refused: ${refusal.reason}; ${refusal.advice}`, node);
  const last = fields.at(-1);
  if (last !== undefined && checker.columns.has(foldName(last))) {
    return report(
      checker,
      `${node.path.join('.')} names a table, and there is none here: write ${last}`,
      node,
    );
  }
  const known = [...checker.columns.values()].map((column) => column.name);
  const list =
    known.length <= 12
      ? `the columns here are ${known.join(', ')}`
      : `there are ${known.length} columns here`;
  return report(checker, `there is no column ${shorten(first)}; ${list}`, node, suggestName(first, known));
};

const shorten = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 80)}…`);

const checkFunction = (checker: Checker, node: FunctionNode, place: Place): Expression => {
  const known = SQL_FUNCTIONS.get(node.name);
  if (known === undefined) {
    mapChildren(node, (child) => check(checker, child, { ...place, isSorted: false, isInAggregate: true }));
    return checkRefused(checker, node);
  }
  if (known.kind !== 'instant' && node.children.length < (known.minArguments ?? 0)) {
    report(checker, known.advice ?? `${node.name} needs more arguments`, node);
  }
  if (known.kind === 'aggregate') return checkAggregate(checker, node, known, place);
  if (node.isDistinct || node.filter !== undefined || node.orders.length > 0) {
    report(checker, `DISTINCT, FILTER and ORDER BY belong to an aggregate, and ${node.name} is none`, node);
  }
  if (known.kind === 'instant') return checkInstant(checker, node, known.type, place);
  if (NAMED_AGGREGATE_FUNCTIONS.has(node.name)) checkNamedAggregate(checker, node);
  if (LAMBDA_FUNCTIONS.has(node.name)) return checkLambdaCall(checker, node, place);
  const below = { ...place, isSorted: LIST_SORTS.has(node.name) };
  return mapChildren(node, (child) => check(checker, child, below));
};

const checkRefused = (checker: Checker, node: FunctionNode): Expression => {
  // It may have been an aggregate: say one thing about it, not two.
  checker.aggregates += 1;
  const refusal = SQL_REFUSALS.get(node.name);
  if (refusal !== undefined) {
    return report(checker, `${node.name} is refused: ${refusal.reason}; ${refusal.advice}`, node);
  }
  const message = `there is no function ${shorten(node.name)} that an expression may call`;
  return report(checker, message, node, suggestName(node.name, SQL_FUNCTIONS.keys()));
};

const checkInstant = (
  checker: Checker,
  node: FunctionNode,
  type: Extract<SqlFunction, { kind: 'instant' }>['type'],
  place: Place,
): Expression => {
  const instant = bindInstant(checker.scope.submittedAt, type);
  const [argument, ...rest] = node.children;
  if (node.name !== 'ago') {
    return argument === undefined ? instant : report(checker, `${node.name} takes no arguments`, node);
  }
  if (argument === undefined || rest.length > 0) return report(checker, 'ago takes one interval', node);
  const interval = check(checker, argument.value, place);
  return {
    ...node,
    name: '-',
    isOperator: true,
    children: [
      { name: undefined, value: instant },
      { name: undefined, value: { kind: 'cast', child: interval, type: 'INTERVAL', isTry: false } },
    ],
  };
};

const checkNamedAggregate = (checker: Checker, node: FunctionNode): void => {
  const named = node.children[1]?.value;
  if (named === undefined) return;
  if (named.kind !== 'constant' || named.type !== 'text') {
    report(
      checker,
      `the second argument of ${node.name} names an aggregate and must be a constant text`,
      named,
    );
    return;
  }
  const aggregates = [...SQL_FUNCTIONS]
    .filter(([, known]) => known.kind === 'aggregate')
    .map(([name]) => name);
  if (aggregates.includes(foldName(named.value))) return;
  const message = `there is no aggregate ${shorten(named.value)} that ${node.name} may call`;
  report(checker, message, named, suggestName(named.value, aggregates));
};

const checkLambdaCall = (checker: Checker, node: FunctionNode, place: Place): Expression => {
  const below = { ...place, isSorted: false };
  const children = node.children.map((argument, index) => {
    if (argument.value.kind !== 'lambda')
      return { ...argument, value: check(checker, argument.value, below) };
    const lambda = argument.value;
    const parameters = index === 1 ? parametersOf(lambda.left) : undefined;
    if (parameters === undefined) {
      return {
        ...argument,
        value: report(checker, `${node.name} takes its lambda second: x -> x + 1`, lambda),
      };
    }
    const inside = { ...below, isInLambda: true, parameters: new Set([...place.parameters, ...parameters]) };
    return { ...argument, value: { ...lambda, body: check(checker, lambda.body, inside) } };
  });
  return { ...node, children };
};

/** The names before a lambda's arrow: `x`, or `(x, i)`, which the parser reads as a row. */
export const parametersOf = (left: Expression): readonly string[] | undefined => {
  if (left.kind === 'column') return left.path.length === 1 ? [foldName(left.path[0])] : undefined;
  if (left.kind !== 'function' || left.name !== 'row') return undefined;
  const names = left.children.map(({ value }) => parametersOf(value));
  return names.includes(undefined) ? undefined : names.flatMap((name) => name ?? []);
};

const checkAggregate = (
  checker: Checker,
  node: FunctionNode,
  known: AggregateFunction,
  place: Place,
): Expression => {
  checker.aggregates += 1;
  if (checker.scope.use === 'scalar') {
    return report(
      checker,
      `${node.name} is an aggregate, which belongs in the aggregates of a group_by`,
      node,
    );
  }
  if (place.isInAggregate) {
    return report(checker, `${node.name} stands inside another aggregate: use two group_by steps`, node);
  }
  if (place.isInLambda)
    return report(checker, `${node.name} is an aggregate, and cannot stand in a lambda`, node);
  const call = unwrapWithinGroup(node);
  if (call === undefined)
    return report(checker, `write ${node.name} with its column as the first argument`, node);
  if (known.isOrderDependent && call.orders.length === 0 && !place.isSorted) {
    return report(checker, orderAdvice(call), node);
  }
  const inside = { ...place, isInAggregate: true, isSorted: false };
  const checked = mapFunction(call, (child) => check(checker, child, inside));
  return known.isOrderDependent && checked.orders.length > 0 ? completeOrder(checked) : checked;
};

const mapFunction = (node: FunctionNode, change: (child: Expression) => Expression): FunctionNode => {
  const mapped = mapChildren(node, change);
  if (mapped.kind !== 'function') throw new Error('mapChildren changed the kind of a node');
  return mapped;
};

/**
 * `mode() WITHIN GROUP (ORDER BY x)` is `mode(x ORDER BY x)`, and `percentile_cont(p) WITHIN GROUP
 * (ORDER BY x)`, which the parser calls `quantile_cont(p ORDER BY x)`, is `quantile_cont(x, p)`.
 */
const unwrapWithinGroup = (node: FunctionNode): FunctionNode | undefined => {
  const [order, ...more] = node.orders;
  const ordered = order === undefined ? [] : [{ name: undefined, value: order.value }];
  if (node.name === 'mode' && node.children.length === 0 && more.length === 0)
    return { ...node, children: ordered };
  if (!/^quantile(_cont|_disc)?$/.test(node.name) || node.children.length !== 1 || order === undefined)
    return node;
  if (more.length > 0 || order.direction === 'DESC') return undefined;
  return { ...node, children: [...ordered, ...node.children], orders: [] };
};

const orderAdvice = (node: FunctionNode): string => {
  const shown = node.children.map(({ value }) => (value.kind === 'column' ? value.path.join('.') : '…'));
  const example = `${node.name}(${shown.join(', ')} ORDER BY ${shown[0] ?? '…'})`;
  return `${node.name} depends on the order of rows and needs an ORDER BY inside, for example ${example}`;
};

/** Adds the aggregate's own arguments as the last keys: rows that still tie give the same values. */
const completeOrder = (node: FunctionNode): FunctionNode => {
  const orders = [...node.orders];
  for (const { value } of node.children.toReversed()) {
    if (value.kind === 'constant' || orders.some((order) => isSameExpression(order.value, value))) continue;
    orders.push({ direction: 'ASC', nulls: 'LAST', value });
  }
  return { ...node, orders };
};

/** Whether partial results of the call can be merged: its function is algebraic, over all rows, in any order. */
export const isAlgebraicCall = (node: FunctionNode): boolean => {
  const known = SQL_FUNCTIONS.get(node.name);
  return (
    known?.kind === 'aggregate' && known.merge === 'algebraic' && !node.isDistinct && node.orders.length === 0
  );
};
