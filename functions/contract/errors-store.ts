import { DaybreakError } from './errors.ts';

/**
 * A store did not do what it was asked. `isUnknown` says that it may have been done: the reply was lost, or a
 * conditional write crossed another. Then the caller reads before it tries again.
 */
export class StoreError extends DaybreakError {
  override readonly name = 'StoreError';
  readonly isUnknown: boolean;

  constructor(
    facts: {
      readonly operation: string;
      readonly key: string;
      readonly reason: string;
      readonly isUnknown?: boolean;
    },
    options?: ErrorOptions,
  ) {
    const end = facts.isUnknown === true ? 'it is not known whether it was done' : 'it was not done';
    super(`the store could not ${facts.operation} ${facts.key}: ${facts.reason}; ${end}`, options);
    this.isUnknown = facts.isUnknown ?? false;
  }
}

/** A block that a commit or a seal names is not in the store. */
export class BlockMissingError extends DaybreakError {
  override readonly name = 'BlockMissingError';

  constructor(facts: { readonly key: string; readonly task: string }, options?: ErrorOptions) {
    super(`the block ${facts.key} of task ${facts.task} is gone, though its commit stands`, options);
  }
}

/** A block is there, but not with the bytes that its commit names. */
export class BlockCorruptError extends DaybreakError {
  override readonly name = 'BlockCorruptError';
  readonly key: string;

  constructor(
    facts: { readonly key: string; readonly found: string; readonly expected: string },
    options?: ErrorOptions,
  ) {
    super(`the block ${facts.key} has ${facts.found}, its commit says ${facts.expected}`, options);
    this.key = facts.key;
  }
}

/** An object of the job's state cannot be read, or contradicts another. */
export class StateError extends DaybreakError {
  override readonly name = 'StateError';

  constructor(facts: { readonly key: string; readonly problem: string }, options?: ErrorOptions) {
    super(`${facts.key}: ${facts.problem}`, options);
  }
}

/** Rows were lost or doubled on the way; nothing is published. */
export class ConservationError extends DaybreakError {
  override readonly name = 'ConservationError';

  constructor(facts: { readonly where: string; readonly sentence: string }, options?: ErrorOptions) {
    super(`the rows of ${facts.where} do not add up: ${facts.sentence}`, options);
  }
}

/** Somebody works on a job that is to be deleted. */
export class JobAtWorkError extends DaybreakError {
  override readonly name = 'JobAtWorkError';

  constructor(facts: { readonly job: string; readonly word: string }, options?: ErrorOptions) {
    super(`the job ${facts.job} is ${facts.word}, and is not deleted`, options);
  }
}

export class JobNotFoundError extends DaybreakError {
  override readonly name = 'JobNotFoundError';

  /** `nearest`: the id that was likely meant. */
  constructor(job: string, options?: ErrorOptions & { readonly nearest?: string | undefined }) {
    const hint = options?.nearest === undefined ? '' : `; did you mean ${options.nearest}?`;
    super(`there is no job ${JSON.stringify(job)}${hint}`, options);
  }
}

export class JobExistsError extends DaybreakError {
  override readonly name = 'JobExistsError';

  constructor(job: string, options?: ErrorOptions) {
    super(`there is already a job ${job}`, options);
  }
}

/** The output holds something that the job may not replace. */
export class OutputExistsError extends DaybreakError {
  override readonly name = 'OutputExistsError';

  constructor(facts: { readonly output: string; readonly found: string }, options?: ErrorOptions) {
    super(`the output ${facts.output} exists already: ${facts.found}`, options);
  }
}

/** Another job that has not ended owns the output. */
export class OutputClaimedError extends DaybreakError {
  override readonly name = 'OutputClaimedError';
  /** The job that owns it. */
  readonly owner: string;

  /** `unknownIn`: the folder of the claim, on S3 the claim, where this work folder does not know the job. */
  constructor(
    facts: { readonly output: string; readonly owner: string; readonly unknownIn?: string },
    options?: ErrorOptions,
  ) {
    const { unknownIn } = facts;
    const aside = unknownIn?.startsWith('s3://')
      ? ''
      : ' (an _old in it is the output that was being replaced: move that back first)';
    const rest =
      unknownIn === undefined
        ? 'which has not ended'
        : `which this work folder does not know; end it in its own work folder, or where that is lost delete ${unknownIn}${aside}`;
    super(`the output ${facts.output} belongs to the job ${facts.owner}, ${rest}`, options);
    this.owner = facts.owner;
  }
}

export class JobCancelledError extends DaybreakError {
  override readonly name = 'JobCancelledError';

  constructor(facts: { readonly job: string; readonly run?: string }, options?: ErrorOptions) {
    const run = facts.run === undefined ? '' : `run ${facts.run} of `;
    super(`${run}the job ${facts.job} was cancelled`, options);
  }
}
