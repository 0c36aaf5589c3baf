import { FAILURES, type FailureName } from './failures.ts';

/**
 * Failures of the machine below a function, by the name that Step Functions gives them, and the row of the table that
 * each is taken for. A function that runs out of memory dies with `Runtime.ExitError` or `Runtime.OutOfMemory`.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export const MACHINE_FAILURES = {
  'Sandbox.Timedout': 'TaskTimeoutError',
  'States.Timeout': 'TaskTimeoutError',
  'Runtime.ExitError': 'TaskMemoryError',
  'Runtime.OutOfMemory': 'TaskMemoryError',
  'Lambda.Unknown': 'WorkerDiedError',
} as const satisfies Record<string, FailureName>;

/** Lambda has no room for another call at this moment. No attempt of a task began. */
export const NO_ROOM_ERROR = 'Lambda.TooManyRequestsException';

/**
 * What AWS itself asks to try again: throttling, services that stumble, a version that was published a moment ago. No
 * attempt of a task began.
 */
export const TRANSIENT_ERRORS = [
  NO_ROOM_ERROR,
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ResourceConflictException',
] as const;

/** The row of the table behind an `Error` of Step Functions; undefined for a name that nobody knows. */
export const failureNameOf = (error: string): FailureName | undefined => {
  if (Object.hasOwn(FAILURES, error)) return error as FailureName; // it has just been found there
  return Object.hasOwn(MACHINE_FAILURES, error)
    ? MACHINE_FAILURES[error as keyof typeof MACHINE_FAILURES]
    : undefined;
};
