import { foldColumnName } from '../contract/spec-values.ts';
import { canonicalAggregate, ruleOf } from './aggregate-rules.ts';
import {
  childrenOf,
  type Expression,
  type FunctionNode,
  isSameExpression,
  mapChildren,
  parametersOf,
} from './expression.ts';

/** An output of a group_by: its name and its checked expression. */
export type Output = { readonly name: string; readonly expression: Expression };

/** A distinct aggregate call, and the name of the column that its value gets. */
export type NamedCall = { readonly name: string; readonly call: FunctionNode };

/**
 * The trees of a decomposition. `partial`: `outputs` read the calls' values by name. `rows`: the calls in `outputs`
 * read `columns` by name.
 */
export type DecomposedTrees =
  | {
      readonly mode: 'partial';
      readonly prefix: string;
      readonly calls: readonly NamedCall[];
      readonly outputs: readonly Output[];
    }
  | {
      readonly mode: 'rows';
      readonly prefix: string;
      readonly reason: string;
      readonly columns: readonly Output[];
      readonly outputs: readonly Output[];
      readonly foldsEqualRows: boolean;
    };

type Group = {
  readonly columns: readonly string[];
  readonly keys: readonly string[];
  readonly outputs: readonly Output[];
};

/**
 * Decides how the outputs of a group_by are computed from parts of its groups. Expressions are checked ones over
 * `columns`; names that the trees get begin with a prefix that no name of the step has.
 */
export const decomposeAggregates = (group: Group): DecomposedTrees => {
  const prefix = unusedPrefix([...group.columns, ...group.outputs.map(({ name }) => name)]);
  const outputs = group.outputs.map((output) => ({ ...output, expression: expandMacros(output.expression) }));
  const calls = distinctCalls(outputs);
  const whole = calls.map(whyWhole).find((reason) => reason !== undefined);
  if (whole !== undefined) return shuffleRows({ ...group, outputs }, calls, { prefix, reason: whole });
  const named = nameCalls(calls, prefix);
  return { mode: 'partial', prefix, calls: named, outputs: replaceCalls(outputs, named) };
};

/** As `rows` whatever the calls are: for results that cannot be merged in this engine, with the reason. */
export const shuffleAllRows = (group: Group, reason: string): DecomposedTrees => {
  const prefix = unusedPrefix([...group.columns, ...group.outputs.map(({ name }) => name)]);
  return shuffleRows(group, distinctCalls(group.outputs), { prefix, reason });
};

const unusedPrefix = (names: readonly string[]): string => {
  let prefix = 'daybreak_';
  while (names.some((name) => foldColumnName(name).startsWith(prefix))) prefix += '_';
  return prefix;
};

/** Aggregate calls do not stand inside one another. */
const callsOf = (expression: Expression): readonly FunctionNode[] => {
  const calls: FunctionNode[] = [];
  const visit = (node: Expression): Expression => {
    if (node.kind !== 'function' || canonicalAggregate(node.name) === undefined)
      return mapChildren(node, visit);
    calls.push(node);
    return node;
  };
  visit(expression);
  return calls;
};

const distinctCalls = (outputs: readonly Output[]): readonly FunctionNode[] => {
  const calls: FunctionNode[] = [];
  for (const call of outputs.flatMap(({ expression }) => callsOf(expression))) {
    if (!calls.some((known) => isSameExpression(known, call))) calls.push(call);
  }
  return calls;
};

const nameCalls = (calls: readonly FunctionNode[], prefix: string): readonly NamedCall[] =>
  calls.map((call, index) => ({ name: `${prefix}v${index}`, call }));

const replaceCalls = (outputs: readonly Output[], calls: readonly NamedCall[]): readonly Output[] =>
  mapCalls(outputs, (call) => {
    const named = calls.find((each) => isSameExpression(each.call, call));
    if (named === undefined) throw new Error(`a call of ${call.name} was not named`);
    return { kind: 'column', path: [named.name] };
  });

const mapCalls = (
  outputs: readonly Output[],
  change: (call: FunctionNode) => Expression,
): readonly Output[] => {
  const visit = (node: Expression): Expression =>
    node.kind === 'function' && canonicalAggregate(node.name) !== undefined
      ? change(node)
      : mapChildren(node, visit);
  return outputs.map((output) => ({ ...output, expression: visit(output.expression) }));
};

/** Why all rows of a group must meet for a call; undefined where its parts can be merged. */
const whyWhole = (call: FunctionNode): string | undefined => {
  const rule = ruleOf(call);
  if (rule.merge === 'holistic') return call.name;
  if (call.isDistinct && !ignoresDistinct(call)) return `${call.name} with DISTINCT`;
  if (call.orders.length > 0) return `${call.name} with ORDER BY`;
  const [, ...rest] = call.children;
  if (
    (rule.state === 'extreme' || rule.state === 'bit positions') &&
    !rest.every(({ value }) => isNumber(value))
  )
    return `${call.name} with arguments that are no constants`;
  return undefined;
};

const isNumber = (node: Expression): boolean =>
  (node.kind === 'constant' && node.type === 'number') ||
  (node.kind === 'function' &&
    node.isOperator &&
    node.name === '-' &&
    node.children.length === 1 &&
    node.children.every(({ value }) => isNumber(value)));

/** What DuckDB's macros stand for, with aggregates in it. */
const expandMacros = (expression: Expression): Expression => {
  if (expression.kind !== 'function') return mapChildren(expression, expandMacros);
  const name = canonicalAggregate(expression.name);
  const [value, weight] = expression.children.map((argument) => argument.value);
  if (name === 'geomean' && value !== undefined) return callOf('exp', callOf('avg', callOf('ln', value)));
  if (name === 'weighted_avg' && value !== undefined && weight !== undefined) {
    const product: Expression = { ...callOf('*', value, weight), isOperator: true };
    const weights: Expression = {
      kind: 'case',
      checks: [
        { when: { kind: 'operator', type: 'OPERATOR_IS_NOT_NULL', children: [value] }, result: weight },
      ],
      otherwise: { kind: 'constant', type: 'number', value: '0' },
    };
    return { ...callOf('/', callOf('sum', product), callOf('sum', weights)), isOperator: true };
  }
  return name === undefined ? mapChildren(expression, expandMacros) : expression;
};

const callOf = (name: string, ...values: readonly Expression[]): FunctionNode => ({
  kind: 'function',
  name,
  isOperator: false,
  children: values.map((value) => ({ name: undefined, value })),
  isDistinct: false,
  filter: undefined,
  orders: [],
});

/** Calls keep arguments without columns (`0.5` of a quantile must be a constant); the rest becomes columns. */
const shuffleRows = (
  group: Group,
  calls: readonly FunctionNode[],
  { prefix, reason }: { readonly prefix: string; readonly reason: string },
): DecomposedTrees => {
  const names = new Set(group.columns);
  const keys = new Set(group.keys);
  const columns: Output[] = [];
  const project = (expression: Expression): Expression => {
    if (!readsColumn(expression, names)) return expression;
    if (expression.kind === 'column' && expression.path.length === 1 && keys.has(expression.path[0]))
      return expression;
    if (makesUnnamed(expression)) return mapChildren(expression, project);
    let column = columns.find((known) => isSameExpression(known.expression, expression));
    if (column === undefined) {
      column = { name: `${prefix}c${columns.length}`, expression };
      columns.push(column);
    }
    return { kind: 'column', path: [column.name] };
  };
  const outputs = mapCalls(group.outputs, (call) => mapChildren(call, project));
  const foldsEqualRows = calls.every((call) => call.isDistinct || ignoresDistinct(call));
  return { mode: 'rows', prefix, reason, columns, outputs, foldsEqualRows };
};

/**
 * Whether a struct without names, such as `(a, b)`, is made on the way to a value: no block can carry one, so what it
 * is made of crosses in its place. Not below a lambda, whose parameters mean nothing outside of it.
 */
const makesUnnamed = (expression: Expression): boolean =>
  contains(expression, isRow) && !contains(expression, isLambda);

const isRow = (node: Expression): boolean => node.kind === 'function' && node.name === 'row';
const isLambda = ({ kind }: Expression): boolean => kind === 'lambda';

const contains = (expression: Expression, is: (node: Expression) => boolean): boolean =>
  is(expression) || childrenOf(expression).some((child) => contains(child, is));

const ignoresDistinct = (call: FunctionNode): boolean => {
  const rule = ruleOf(call);
  if (rule.merge === 'holistic' || rule.ignoresDistinct !== true) return false;
  // max(x, n) gives a value as often as it is there.
  return rule.state !== 'extreme' || call.children.length === 1;
};

const readsColumn = (node: Expression, names: ReadonlySet<string>): boolean => {
  if (node.kind === 'column') return names.has(node.path[0]);
  if (node.kind === 'lambda') {
    // A parameter goes before a column of its name.
    const hidden = new Set(parametersOf(node.left) ?? []);
    return readsColumn(node.body, new Set([...names].filter((name) => !hidden.has(name))));
  }
  let isRead = false;
  mapChildren(node, (child) => {
    isRead ||= readsColumn(child, names);
    return child;
  });
  return isRead;
};
