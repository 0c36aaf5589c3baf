import { DaybreakError, type Problem, renderProblem } from './errors.ts';

/** A spec that parses and that a deployment does not take; carries every problem found, not only the first. */
export class SubmissionError extends DaybreakError {
  override readonly name = 'SubmissionError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions & { readonly file?: string }) {
    const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
    const lines = problems.map((problem) => `  ${renderProblem(problem, options?.file)}`);
    super(`the job cannot be submitted (${count})\n${lines.join('\n')}`, options);
    this.problems = problems;
  }
}

/** A deployment cannot be found, or does not let the caller do something. Names no credentials. */
export class DeploymentError extends DaybreakError {
  override readonly name = 'DeploymentError';
}

/** What an HTTP request of the API may be answered with where it is wrong as a request. */
export type RequestStatus = 400 | 413 | 415;

/** A request to the API that is wrong before any spec is looked at: its headers, its query or its body. */
export class RequestError extends DaybreakError {
  override readonly name = 'RequestError';
  readonly status: RequestStatus;

  constructor(facts: { readonly status: RequestStatus; readonly reason: string }, options?: ErrorOptions) {
    super(facts.reason, options);
    this.status = facts.status;
  }
}

/** An API key without the scope that a request needs. */
export class ForbiddenError extends DaybreakError {
  override readonly name = 'ForbiddenError';

  constructor(facts: { readonly scope: string; readonly what: string }, options?: ErrorOptions) {
    super(`${facts.what} needs an API key with the scope ${facts.scope}`, options);
  }
}

/** A job that has not ended has no report. */
export class NoReportError extends DaybreakError {
  override readonly name = 'NoReportError';

  constructor(facts: { readonly job: string; readonly word: string }, options?: ErrorOptions) {
    super(`the job ${facts.job} is ${facts.word} and has no report yet`, options);
  }
}

/** Nobody works on a job that has not ended, and nobody will unless it is resumed. */
export class JobStoppedError extends DaybreakError {
  override readonly name = 'JobStoppedError';

  constructor(facts: { readonly job: string; readonly seconds: number }, options?: ErrorOptions) {
    super(`nobody has worked on the job ${facts.job} for ${facts.seconds} s, and it has not ended`, options);
  }
}
