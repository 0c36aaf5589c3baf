import { DispatchEvent, ExecutionEnded } from '../contract/execution.ts';
import { dispatchJobs } from '../stages/dispatch/dispatch-jobs.ts';
import { releaseSlot } from '../stages/dispatch/release-slot.ts';
import { log, logAbout } from './log.ts';
import { openDispatch } from './open-dispatch.ts';

/** The function `dispatch`: behind the end of every execution, gives its slot to the next job. */
export const handler = async (event: unknown): Promise<{ readonly started: number }> => {
  const ended = ExecutionEnded.safeParse(event).data?.detail.name ?? DispatchEvent.parse(event).execution;
  logAbout('dispatch', {});
  const context = openDispatch();
  await releaseSlot(context.store, ended);
  const started = await dispatchJobs(context);
  log.info('dispatched', { ended, started });
  return { started: started.length };
};
