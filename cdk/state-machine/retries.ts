/** Retry and Catch of every state, rendered from the table of failures. */
import { FAILURES, type FailureName, type FailureRow } from '../../functions/contract/failures.ts';
import type { Retrier } from './asl.ts';

const failuresWith = (retry: FailureRow['retry']): readonly FailureName[] =>
  (Object.keys(FAILURES) as FailureName[]).filter((name) => FAILURES[name].retry === retry);

/**
 * Lambda has no room. A Map of 500 children meets this where the account's concurrency is small, so it waits long and
 * with full jitter: FULL draws from 0 to the delay, on average 25 minutes in all.
 */
const NO_ROOM: Retrier = {
  ErrorEquals: ['Lambda.TooManyRequestsException'],
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxDelaySeconds: 120,
  MaxAttempts: 30,
  JitterStrategy: 'FULL',
};

/** What Lambda says when it is itself at fault; a version that was just published may not be ready yet. */
const LAMBDA_FAULT: Retrier = {
  ErrorEquals: [
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.ClientExecutionTimeoutException',
    'Lambda.ResourceNotReadyException',
    'Lambda.ResourceConflictException',
  ],
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxDelaySeconds: 60,
  MaxAttempts: 8,
  JitterStrategy: 'FULL',
};

/** Three attempts in all, as locally. */
const MORE_ATTEMPTS = { IntervalSeconds: 2, BackoffRate: 2, MaxDelaySeconds: 30, MaxAttempts: 2 } as const;

const AGAIN: Retrier = { ErrorEquals: failuresWith('again'), ...MORE_ATTEMPTS, JitterStrategy: 'FULL' };

/** A function that was stopped: out of memory or out of time, whatever it was doing. Lambda names it in several ways. */
const STOPPED = [
  'Sandbox.Timedout',
  'States.Timeout',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
  'Lambda.Unknown',
] as const;

/** Of a task: what stopped is not tried again as it was, but with more memory, which brings more processor too. */
export const TASK_RETRIES: readonly Retrier[] = [NO_ROOM, LAMBDA_FAULT, AGAIN];

/** Of split, seal, publish, end and dispatch: each goes on where an earlier call of it was stopped. */
export const STAGE_RETRIES: readonly Retrier[] = [
  NO_ROOM,
  LAMBDA_FAULT,
  AGAIN,
  { ErrorEquals: STOPPED, ...MORE_ATTEMPTS, JitterStrategy: 'FULL' },
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

/** The errors after which a task runs on the large function. */
export const OUTGROWN: readonly string[] = [...failuresWith('again-with-more-memory'), ...STOPPED];
