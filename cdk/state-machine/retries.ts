/** Retry and Catch of every state, rendered from the tables of failures. */
import { FAILURES, type FailureName, type FailureRow } from '../../functions/contract/failures.ts';
import {
  MACHINE_FAILURES,
  NO_ROOM_ERROR,
  TRANSIENT_ERRORS,
} from '../../functions/contract/machine-failures.ts';
import type { Retrier } from './asl.ts';

/** The names under which Step Functions sees the failures of a row: their own, and those of the machine below. */
const errorsWith = (retry: FailureRow['retry']): readonly string[] => [
  ...(Object.keys(FAILURES) as FailureName[]).filter((name) => FAILURES[name].retry === retry),
  ...Object.entries(MACHINE_FAILURES).flatMap(([error, name]) =>
    FAILURES[name].retry === retry ? [error] : [],
  ),
];

/**
 * A Map of 500 children meets this where the account's concurrency is small, so it waits long and with full jitter:
 * FULL draws from 0 to the delay, on average 25 minutes in all.
 */
const NO_ROOM: Retrier = {
  ErrorEquals: [NO_ROOM_ERROR],
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxDelaySeconds: 120,
  MaxAttempts: 30,
  JitterStrategy: 'FULL',
};

const TRANSIENT: Retrier = {
  ErrorEquals: TRANSIENT_ERRORS.filter((error) => error !== NO_ROOM_ERROR),
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxDelaySeconds: 60,
  MaxAttempts: 8,
  JitterStrategy: 'FULL',
};

/** Three attempts in all, as locally. */
const moreAttempts = (errors: readonly string[]): Retrier => ({
  ErrorEquals: errors,
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxDelaySeconds: 30,
  MaxAttempts: 2,
  JitterStrategy: 'FULL',
});

/**
 * The errors after which a task runs on the large function. It is not tried again as it was: more memory brings more
 * processor too, and so helps one that ran out of time.
 */
export const OUTGROWN = errorsWith('again-with-more-memory');

export const TASK_RETRIES: readonly Retrier[] = [NO_ROOM, TRANSIENT, moreAttempts(errorsWith('again'))];

/** Of split, seal, publish, end and dispatch, which have no large sibling: each goes on where a call was stopped. */
export const STAGE_RETRIES: readonly Retrier[] = [
  NO_ROOM,
  TRANSIENT,
  moreAttempts([...errorsWith('again'), ...OUTGROWN]),
];

/** Of the note that a failed task leaves: any error, for there is nobody else to say it. */
export const NOTE_RETRIES: readonly Retrier[] = [
  {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 1,
    BackoffRate: 2,
    MaxDelaySeconds: 20,
    MaxAttempts: 5,
    JitterStrategy: 'FULL',
  },
];
