import { DaybreakError, type Problem, renderProblem } from './errors.ts';

/** A user's module cannot be made into one file; carries every problem, by line and column of the source. */
export class ModuleBundleError extends DaybreakError {
  override readonly name = 'ModuleBundleError';
  readonly problems: readonly ModuleProblem[];

  constructor(
    { module, problems }: { readonly module: string; readonly problems: readonly ModuleProblem[] },
    options?: ErrorOptions,
  ) {
    super(
      `the module ${module} cannot be bundled\n${problems
        .map(({ file, ...problem }) => `  ${renderProblem({ path: '', ...problem }, file)}`)
        .join('\n')}`,
      options,
    );
    this.problems = problems;
  }
}

/** `file` is relative to the folder of the spec; line and column count from 1. */
export type ModuleProblem = Omit<Problem, 'path'> & { readonly file?: string };

/** A module cannot be used in a worker: it fails outside of a row, while it is loaded or in `init`. */
export class ModuleError extends DaybreakError {
  override readonly name = 'ModuleError';

  /** `what` goes on from "the module x …"; `place` is in the author's source. */
  constructor(
    { module, what, place }: { readonly module: string; readonly what: string; readonly place?: string },
    options?: ErrorOptions,
  ) {
    super(`the module ${module} ${what}${place === undefined ? '' : ` (${place})`}`, options);
  }
}

/** A module did not answer in its time, outside of a row that could be rejected for it. */
export class ModuleTimeoutError extends DaybreakError {
  override readonly name = 'ModuleTimeoutError';

  constructor(
    facts: { readonly module: string; readonly what: string; readonly seconds: number },
    options?: ErrorOptions,
  ) {
    super(`the module ${facts.module}: ${facts.what} has not ended after ${facts.seconds} s`, options);
  }
}
