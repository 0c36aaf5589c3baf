import type { Problem } from '../contract/errors.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import {
  LAMBDA_FUNCTIONS,
  LIST_SORTS,
  NAMED_AGGREGATE_FUNCTIONS,
  SQL_FUNCTIONS,
  type SqlFunction,
} from '../contract/sql-functions.ts';
import { SQL_REFUSALS } from '../contract/sql-refusals.ts';
import { completeOrder, orderAdvice, unwrapWithinGroup } from './aggregate-call.ts';
import { checkColumn } from './check-column.ts';
import { childrenOf, type Expression, type FunctionNode, mapChildren, parametersOf } from './expression.ts';
import { type Checker, type ExpressionScope, type Place, report, shorten } from './expression-checker.ts';
import type { ExpressionSource } from './expression-problem.ts';
import { bindInstant } from './submission-instant.ts';
import { suggestName } from './suggest-name.ts';

type AggregateFunction = Extract<SqlFunction, { kind: 'aggregate' }>;

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
    columns: new Map(scope.columns.map((column) => [foldColumnName(column.name), column])),
    keys: new Set((scope.keys ?? []).map(foldColumnName)),
    problems: [],
    aggregates: 0,
  };
  const place = {
    isInAggregate: false,
    isInLambda: false,
    isSorted: false,
    parameters: new Map<string, string>(),
  };
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
  if (aggregates.includes(foldColumnName(named.value))) return;
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
    const around = new Map(place.parameters);
    for (const parameter of parameters) {
      const outer = around.get(foldColumnName(parameter));
      if (outer !== undefined && outer !== parameter) {
        report(
          checker,
          `the parameters ${outer} and ${parameter} of two lambdas differ in case only`,
          lambda,
        );
      }
      around.set(foldColumnName(parameter), parameter);
    }
    const inside = { ...below, isInLambda: true, parameters: around };
    return { ...argument, value: { ...lambda, body: check(checker, lambda.body, inside) } };
  });
  return { ...node, children };
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
