/**
 * An expression of a job, read from the tree of DuckDB's parser: only what an expression may hold has a
 * node here, so whoever walks it has no other case to think of. `at` is the byte in the UTF-8 text where
 * the node begins, from 0; rewritten nodes have none.
 */
export type Expression =
  | ColumnNode
  | ConstantNode
  | FunctionNode
  | CastNode
  | CaseNode
  | ComparisonNode
  | ConjunctionNode
  | BetweenNode
  | OperatorNode
  | LambdaNode
  | RefusedNode;

type Located = { readonly at?: number | undefined };

/** A column (or a lambda's parameter), and the fields of structs below it. */
export type ColumnNode = Located & { readonly kind: 'column'; readonly path: readonly [string, ...string[]] };

/** `number`: its SQL text. `absent`: a bound left out of a slice, as in `a[2:]`. */
export type ConstantNode = Located & {
  readonly kind: 'constant';
  readonly type: 'number' | 'text' | 'boolean' | 'null' | 'absent';
  readonly value: string;
};

/** A call, or an operator (`isOperator`: written between or before its arguments). */
export type FunctionNode = Located & {
  readonly kind: 'function';
  readonly name: string;
  readonly isOperator: boolean;
  readonly children: readonly Argument[];
  readonly isDistinct: boolean;
  readonly filter: Expression | undefined;
  readonly orders: readonly Order[];
};

/** An argument; `name` where it is given as `name := value`. */
export type Argument = { readonly name: string | undefined; readonly value: Expression };

export type Order = {
  readonly direction: 'ASC' | 'DESC';
  readonly nulls: 'FIRST' | 'LAST';
  readonly value: Expression;
};

export type CastNode = Located & {
  readonly kind: 'cast';
  readonly child: Expression;
  /** DuckDB's type text. */
  readonly type: string;
  readonly isTry: boolean;
};

export type CaseNode = Located & {
  readonly kind: 'case';
  readonly checks: readonly { readonly when: Expression; readonly result: Expression }[];
  readonly otherwise: Expression;
};

/** Comparisons by the parser's names, with their SQL. */
export const COMPARISONS = {
  COMPARE_EQUAL: '=',
  COMPARE_NOTEQUAL: '<>',
  COMPARE_LESSTHAN: '<',
  COMPARE_GREATERTHAN: '>',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHANOREQUALTO: '>=',
  COMPARE_DISTINCT_FROM: 'IS DISTINCT FROM',
  COMPARE_NOT_DISTINCT_FROM: 'IS NOT DISTINCT FROM',
} as const;
export type ComparisonType = keyof typeof COMPARISONS;

export type ComparisonNode = Located & {
  readonly kind: 'comparison';
  readonly type: ComparisonType;
  readonly left: Expression;
  readonly right: Expression;
};

export type ConjunctionNode = Located & {
  readonly kind: 'conjunction';
  readonly type: 'AND' | 'OR';
  readonly children: readonly Expression[];
};

export type BetweenNode = Located & {
  readonly kind: 'between';
  readonly input: Expression;
  readonly lower: Expression;
  readonly upper: Expression;
};

/** Operators that are no functions, by the parser's names. */
export const OPERATOR_TYPES = [
  'OPERATOR_NOT',
  'OPERATOR_IS_NULL',
  'OPERATOR_IS_NOT_NULL',
  'OPERATOR_COALESCE',
  'OPERATOR_TRY',
  'COMPARE_IN',
  'COMPARE_NOT_IN',
  'ARRAY_EXTRACT',
  'ARRAY_SLICE',
  'STRUCT_EXTRACT',
  'ARRAY_CONSTRUCTOR',
] as const;
export type OperatorType = (typeof OPERATOR_TYPES)[number];

export type OperatorNode = Located & {
  readonly kind: 'operator';
  readonly type: OperatorType;
  readonly children: readonly Expression[];
};

/** `x -> body`; outside a function that takes a lambda the same text means `json_extract(x, body)`. */
export type LambdaNode = Located & {
  readonly kind: 'lambda';
  readonly left: Expression;
  readonly body: Expression;
};

/** Stands where something was refused, with its problem reported. Never rendered. */
export type RefusedNode = Located & { readonly kind: 'refused' };

/** The expressions right below one. */
export const childrenOf = (expression: Expression): readonly Expression[] => {
  switch (expression.kind) {
    case 'column':
    case 'constant':
    case 'refused':
      return [];
    case 'function':
      return [
        ...expression.children.map(({ value }) => value),
        ...(expression.filter === undefined ? [] : [expression.filter]),
        ...expression.orders.map(({ value }) => value),
      ];
    case 'cast':
      return [expression.child];
    case 'case':
      return [...expression.checks.flatMap(({ when, result }) => [when, result]), expression.otherwise];
    case 'comparison':
      return [expression.left, expression.right];
    case 'conjunction':
    case 'operator':
      return expression.children;
    case 'between':
      return [expression.input, expression.lower, expression.upper];
    case 'lambda':
      return [expression.left, expression.body];
  }
};

/** The same expression with each child put through `change`. */
export const mapChildren = (
  expression: Expression,
  change: (child: Expression) => Expression,
): Expression => {
  switch (expression.kind) {
    case 'column':
    case 'constant':
    case 'refused':
      return expression;
    case 'function':
      return {
        ...expression,
        children: expression.children.map(({ name, value }) => ({ name, value: change(value) })),
        filter: expression.filter === undefined ? undefined : change(expression.filter),
        orders: expression.orders.map((order) => ({ ...order, value: change(order.value) })),
      };
    case 'cast':
      return { ...expression, child: change(expression.child) };
    case 'case':
      return {
        ...expression,
        checks: expression.checks.map(({ when, result }) => ({ when: change(when), result: change(result) })),
        otherwise: change(expression.otherwise),
      };
    case 'comparison':
      return { ...expression, left: change(expression.left), right: change(expression.right) };
    case 'conjunction':
    case 'operator':
      return { ...expression, children: expression.children.map(change) };
    case 'between':
      return {
        ...expression,
        input: change(expression.input),
        lower: change(expression.lower),
        upper: change(expression.upper),
      };
    case 'lambda':
      return { ...expression, left: change(expression.left), body: change(expression.body) };
  }
};

/** The names before a lambda's arrow: `x`, or `(x, i)`, which the parser reads as a row. */
export const parametersOf = (left: Expression): readonly string[] | undefined => {
  if (left.kind === 'column') return left.path.length === 1 ? [left.path[0]] : undefined;
  if (left.kind !== 'function' || left.name !== 'row') return undefined;
  const names = left.children.map(({ value }) => parametersOf(value));
  return names.includes(undefined) ? undefined : names.flatMap((name) => name ?? []);
};

/** Whether two expressions are the same but for where they stand in their texts. */
export const isSameExpression = (one: Expression, other: Expression): boolean =>
  JSON.stringify(withoutLocation(one)) === JSON.stringify(withoutLocation(other));

/** The expression without the places of its nodes. */
export const withoutLocation = (expression: Expression): Expression =>
  mapChildren({ ...expression, at: undefined }, withoutLocation);

/** A text constant cast to a type: how dates and instants are written. */
export const castText = (value: string, type: string): CastNode => ({
  kind: 'cast',
  child: { kind: 'constant', type: 'text', value },
  type,
  isTry: false,
});

/** Whether a column's own bounds can decide the predicate: comparisons of a column with constants, joined. */
export const isPrunablePredicate = (predicate: Expression): boolean => {
  switch (predicate.kind) {
    case 'conjunction':
      return predicate.children.every(isPrunablePredicate);
    case 'comparison':
      return (
        (isPlainColumn(predicate.left) && isPlainConstant(predicate.right)) ||
        (isPlainConstant(predicate.left) && isPlainColumn(predicate.right))
      );
    case 'between':
      return isPlainColumn(predicate.input) && [predicate.lower, predicate.upper].every(isPlainConstant);
    case 'operator': {
      const [input, ...rest] = predicate.children;
      if (input === undefined || !isPlainColumn(input)) return false;
      if (predicate.type === 'OPERATOR_IS_NULL' || predicate.type === 'OPERATOR_IS_NOT_NULL') return true;
      return predicate.type === 'COMPARE_IN' && rest.every(isPlainConstant);
    }
    default:
      return false;
  }
};

const isPlainColumn = (node: Expression): boolean => node.kind === 'column' && node.path.length === 1;

const isPlainConstant = (node: Expression): boolean =>
  node.kind === 'constant' || (node.kind === 'cast' && !node.isTry && node.child.kind === 'constant');
