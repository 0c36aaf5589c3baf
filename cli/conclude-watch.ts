import { JobCancelledError } from '../functions/contract/errors-store.ts';
import { InternalError, WorkerTaskError } from '../functions/contract/errors-worker.ts';
import { FAILURES, type FailureName } from '../functions/contract/failures.ts';
import { failureOf } from '../functions/stages/describe-job.ts';
import type { JobState } from '../functions/stages/read-job-state.ts';
import { type ConcludeOptions, conclude } from './conclude.ts';

const CANCELLED: FailureName = 'JobCancelledError';

/**
 * Prints the result of a job that ran elsewhere, or fails as it failed: by the name, the sentence and the exit code of
 * the first. Fails with DeadlineMissedError where the result is there, but late.
 */
export const concludeWatch = async (state: JobState, options: ConcludeOptions): Promise<void> => {
  const { job, plan, report, word } = state;
  if (report !== undefined && (word === 'published' || word === 'partial')) return conclude(report, options);
  const failure = failureOf(state);
  if (word === 'cancelled' && (failure === undefined || failure.name === CANCELLED)) {
    throw new JobCancelledError({ job: job.job, ...(plan === undefined ? {} : { run: plan.run }) });
  }
  const { name = '', message = `it is ${word}, and nothing says why` } = failure ?? {};
  if (!Object.hasOwn(FAILURES, name)) throw new InternalError({ where: `the job ${job.job}`, what: message });
  // The name has just been found in the table.
  throw new WorkerTaskError({ name: name as FailureName, message, task: job.job, attempts: 1 });
};
