import type { DaybreakError } from '../contract/errors.ts';
import { InternalError, WorkerTaskError } from '../contract/errors-worker.ts';
import type { CaughtError } from '../contract/execution.ts';
import { failureNameOf } from '../contract/machine-failures.ts';
import { readCause } from '../core/read-cause.ts';

/** The error of the table that another process or the machine below it failed with, from what the state machine caught. */
export const explainCaught = (where: string, { Error: error, Cause }: CaughtError): DaybreakError => {
  const name = failureNameOf(error);
  const message = readCause(Cause);
  if (name === undefined) return new InternalError({ where, what: `${error}: ${message}` });
  // Of what the machine did the name of AWS tells more than the sentence.
  const told = name === error ? message : `${error}: ${message}`;
  return new WorkerTaskError({ name, message: told, task: where, attempts: 1 });
};
