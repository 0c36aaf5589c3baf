import { DaybreakError, type Problem, renderProblem } from './errors.ts';

/** The command line does not say what to do. */
export class UsageError extends DaybreakError {
  override readonly name = 'UsageError';
}

/** The settings of a deployment cannot be used; carries every problem found, not only the first. */
export class SettingsError extends DaybreakError {
  override readonly name = 'SettingsError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    const found = problems.map((problem) => `  ${renderProblem(problem)}`).join('\n');
    super(`the settings are not valid (${problems.length})\n${found}`, options);
    this.problems = problems;
  }
}

/** Something that a spec may say and this version does not do; carries every such place. */
export class NotYetError extends DaybreakError {
  override readonly name = 'NotYetError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(
      `this version cannot run it\n${problems.map((problem) => `  ${renderProblem(problem)}`).join('\n')}`,
      options,
    );
    this.problems = problems;
  }
}

/** The result came, or could only come, after the deadline of the job. */
export class DeadlineMissedError extends DaybreakError {
  override readonly name = 'DeadlineMissedError';

  constructor(facts: { readonly deadlineAt: string; readonly finishedAt: string }, options?: ErrorOptions) {
    super(`the deadline was ${facts.deadlineAt}, the result was published at ${facts.finishedAt}`, options);
  }
}

/** A checkout runs from its sources, and this part of the package is made by a build. */
export class NotBuiltError extends DaybreakError {
  override readonly name = 'NotBuiltError';

  constructor(file: string, options?: ErrorOptions) {
    super(`the page of a report needs ${file}, which this checkout has not built`, options);
  }
}
