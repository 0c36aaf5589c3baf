import { FAILURES, type FailureName, type FailureRow } from './failures.ts';

/**
 * A failure that has a row in {@link FAILURES}. Anything else that is thrown is a mistake of ours.
 * Messages never carry cell values, secrets or whole prompts.
 */
export abstract class DaybreakError extends Error {
  abstract override readonly name: FailureName;

  /** The object that keeps the rows that were rejected, where that is what failed. */
  readonly rejectsKey: string | undefined;

  get row(): FailureRow {
    return FAILURES[this.name];
  }
}

/** One thing that is wrong with a spec, a set of options or an input. Line and column count from 1. */
export type Problem = {
  /** JSON path into the spec, for example `steps[2].group_by.keys[0]`; empty for the whole document. */
  readonly path: string;
  /** A full sentence: what was found, what is allowed. */
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  /** The nearest known name, where one is near. */
  readonly suggestion?: string;
  /** Columns that the expression reads, where their types may be what is wrong. */
  readonly columns?: readonly string[];
};

/** Renders `file:line:column  path: message (did you mean "x"?)`. */
export const renderProblem = (problem: Problem, file?: string): string => {
  const position = problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`;
  const where = file === undefined ? (position === '' ? '' : `line ${problem.line}`) : `${file}${position}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const hint = problem.suggestion === undefined ? '' : ` Did you mean "${problem.suggestion}"?`;
  return `${where === '' ? '' : `${where}  `}${path}${problem.message}${hint}`;
};

const renderProblems = (what: string, problems: readonly Problem[], file?: string): string =>
  `${what} (${problems.length} ${problems.length === 1 ? 'problem' : 'problems'})\n${problems
    .map((problem) => `  ${renderProblem(problem, file)}`)
    .join('\n')}`;

/** The spec cannot be used; carries every problem found, not only the first. */
export class SpecError extends DaybreakError {
  override readonly name = 'SpecError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions & { readonly file?: string }) {
    super(renderProblems('the spec is not valid', problems, options?.file), options);
    this.problems = problems;
  }
}

/** One or more expressions of the spec cannot be used; carries every problem found. */
export class ExpressionError extends DaybreakError {
  override readonly name = 'ExpressionError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions & { readonly file?: string }) {
    super(renderProblems('an expression cannot be used', problems, options?.file), options);
    this.problems = problems;
  }
}
