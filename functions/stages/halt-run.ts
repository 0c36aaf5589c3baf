import { DaybreakError } from '../contract/errors.ts';
import type { TaskIds } from '../contract/ids.ts';
import { failureOf } from '../contract/outcome.ts';
import { putHalt } from '../io/halt.ts';
import type { StageContext } from './stage-context.ts';

/**
 * Ends the whole stage where a task has failed with what no other attempt can mend, so that nobody works on for
 * nothing. Call it with what runTask threw: that has looked whether the task is done all the same.
 */
export const haltRun = async (
  { store, now }: Pick<StageContext, 'store' | 'now'>,
  { job, run, stage, task }: TaskIds,
  error: unknown,
): Promise<void> => {
  if (!(error instanceof DaybreakError) || error.row.retry !== 'never') return;
  // A wish to cancel stands already.
  if (error.name === 'JobCancelledError') return;
  const failure = { ...failureOf(error), stage, task };
  await putHalt(store, { job, run, reason: 'failure', at: now().toISOString(), failure });
};
