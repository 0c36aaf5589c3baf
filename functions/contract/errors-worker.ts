import { DaybreakError } from './errors.ts';
import type { FailureName } from './failures.ts';

/** The process that ran a task ended in the middle of it. */
export class WorkerDiedError extends DaybreakError {
  override readonly name = 'WorkerDiedError';

  /** `how` goes on from "its worker process": `ended with exit code 0`. `printed`: where what it printed is kept. */
  constructor(
    facts: { readonly task: string; readonly how: string; readonly printed?: string | undefined },
    options?: ErrorOptions,
  ) {
    const printed = facts.printed === undefined ? '' : `; what it printed is in ${facts.printed}`;
    super(`${facts.task}: its worker process ${facts.how} before the task was done${printed}`, options);
  }
}

/** The process that ran a task lives and does not answer: its one thread of JavaScript is blocked. */
export class TaskHungError extends DaybreakError {
  override readonly name = 'TaskHungError';

  constructor(facts: { readonly task: string; readonly seconds: number }, options?: ErrorOptions) {
    super(`${facts.task}: its worker process has not answered for ${facts.seconds} s`, options);
  }
}

/** A function's time is up, or nearly so, before its task is done. */
export class TaskTimeoutError extends DaybreakError {
  override readonly name = 'TaskTimeoutError';

  constructor(facts: { readonly task: string; readonly seconds: number }, options?: ErrorOptions) {
    super(`${facts.task}: it was not done within the ${facts.seconds} s that its function has`, options);
  }
}

/** What no row of the table foresees: `what` is the sentence of whoever failed, without values. */
export class InternalError extends DaybreakError {
  override readonly name = 'InternalError';

  constructor(facts: { readonly where: string; readonly what: string }, options?: ErrorOptions) {
    super(`${facts.where} failed in a way that it does not know: ${facts.what}`, options);
  }
}

/**
 * A failure of the table that was thrown in another process, of which name and sentence have come over. It has the
 * name of what was thrown there, so the row, the exit code and the advice are those of the first.
 */
export class WorkerTaskError extends DaybreakError {
  override readonly name: FailureName;
  override readonly rejectsKey: string | undefined;
  /** The id of the task, where it is one of the stage at hand. */
  readonly taskId: string | undefined;

  constructor(
    facts: {
      readonly name: FailureName;
      readonly message: string;
      readonly rejects?: string | undefined;
      /** For people: stage and task. */
      readonly task: string;
      readonly taskId?: string;
      readonly attempts: number;
    },
    options?: ErrorOptions,
  ) {
    const { attempts, task, message } = facts;
    super(
      attempts === 1 ? message : `${task} has failed ${attempts} times; the last time: ${message}`,
      options,
    );
    this.name = facts.name;
    this.rejectsKey = facts.rejects;
    this.taskId = facts.taskId;
  }
}
