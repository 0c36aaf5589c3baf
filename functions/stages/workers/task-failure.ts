import { DaybreakError } from '../../contract/errors.ts';
import { JobCancelledError } from '../../contract/errors-store.ts';
import { WorkerTaskError } from '../../contract/errors-worker.ts';
import { FAILURES, type FailureName } from '../../contract/failures.ts';
import type { TaskIds } from '../../contract/ids.ts';
import { failureOf as describeFailure } from '../../contract/outcome.ts';
import { renderTask, type TaskFailure } from './worker-messages.ts';

/** What crosses from a worker to its runner. A mistake of ours comes with its stack, and is never tried again. */
export const failureOf = (error: unknown): TaskFailure => {
  if (error instanceof DaybreakError) {
    return { kind: 'failed', failure: describeFailure(error), retry: error.row.retry };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'failed', failure: { name: 'Error', message }, retry: 'never' };
};

/** The error to end a job with, from the last failure of a task. */
export const reviveFailure = (
  { failure: { name, message, rejects } }: TaskFailure,
  { ids, attempts }: { readonly ids: TaskIds; readonly attempts: number },
): Error => {
  const task = renderTask(ids);
  if (name === 'JobCancelledError') return new JobCancelledError(ids);
  if (isFailureName(name))
    return new WorkerTaskError({ name, message, rejects, task, taskId: ids.task, attempts });
  return new Error(`the worker of ${task} failed in a way that it does not know: ${message}`);
};

const isFailureName = (name: string): name is FailureName => Object.hasOwn(FAILURES, name);
