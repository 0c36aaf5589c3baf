import type { Column } from '../contract/columns.ts';
import type { Problem } from '../contract/errors.ts';
import type { Expression } from './expression.ts';
import { type ExpressionSource, expressionProblem } from './expression-problem.ts';

/** Where an expression stands. `keys` (names of columns) may stand outside the aggregates of `aggregate`. */
export type ExpressionScope = {
  readonly columns: readonly Column[];
  readonly use: 'scalar' | 'aggregate';
  readonly keys?: readonly string[];
  /** ISO 8601, UTC. */
  readonly submittedAt: string;
};

export type Checker = {
  readonly source: ExpressionSource;
  readonly scope: ExpressionScope;
  readonly columns: ReadonlyMap<string, Column>;
  readonly keys: ReadonlySet<string>;
  readonly problems: Problem[];
  aggregates: number;
};

/** What holds at one place of the tree. */
export type Place = {
  readonly isInAggregate: boolean;
  readonly isInLambda: boolean;
  /** The parent puts a list into an order of its own. */
  readonly isSorted: boolean;
  /** Names of the lambdas around, as they are written, by their folded names. */
  readonly parameters: ReadonlyMap<string, string>;
};

/** Adds a problem about a node, and gives what stands in the node's place. */
export const report = (
  checker: Checker,
  message: string,
  node: Expression,
  suggestion?: string,
): Expression => {
  checker.problems.push(expressionProblem(checker.source, message, { at: node.at, suggestion }));
  return { kind: 'refused', at: node.at };
};

/** Bounds what a message quotes of a name or a type. */
export const shorten = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 80)}…`);
