import { renderExecutionName } from '../../contract/dispatch.ts';
import { parseRunId } from '../../contract/ids.ts';
import { freeSlot, type HeldSlot, listSlots } from '../../io/cloud/slots.ts';
import { readHalt } from '../../io/halt.ts';
import { readCurrentRun } from '../../io/open-run.ts';
import { isPublished } from '../end-run.ts';
import type { DispatchContext } from './dispatch-jobs.ts';

/** Between a slot and its execution lies one request; where that never came, nobody will send it any more. */
const UNSTARTED_MS = 5 * 60_000;

/** A job that was cancelled ends by itself through its own states; after this long it is stopped from outside. */
const CANCELLED_MS = 5 * 60_000;

/** What a sweep did, for the log. */
export type Swept = { readonly freed: readonly string[]; readonly stopped: readonly string[] };

/**
 * Gives back slots whose execution is known to have ended, or never began; stops executions that outlive their
 * cancellation. Whatever else lost a dispatch, a later one finds what it left.
 */
export const sweepSlots = async (context: DispatchContext): Promise<Swept> => {
  const [freed, stopped]: [string[], string[]] = [[], []];
  for (const held of await listSlots(context.store)) {
    const name = renderExecutionName(held.slot);
    const status = await context.executions.status(name);
    if (status === 'running' && (await outlivesCancel(context, held))) {
      await context.executions.stop(name);
      stopped.push(name);
    }
    const isUnstarted = status === 'absent' && ageMs(context, held.slot.at) > UNSTARTED_MS;
    if ((status === 'ended' || isUnstarted) && (await freeSlot(context.store, held))) freed.push(name);
  }
  return { freed, stopped };
};

const ageMs = ({ now }: DispatchContext, at: string): number => now().getTime() - Date.parse(at);

/**
 * An execution works in the run that it was started for, or in a later one that it opened itself; what was published
 * is not cancelled any more, whatever wish came too late.
 */
const outlivesCancel = async (context: DispatchContext, { slot }: HeldSlot): Promise<boolean> => {
  const current = await readCurrentRun(context.store, slot.job);
  if (isPublished(current?.outcome)) return false;
  const opened = current?.plan.run ?? slot.run;
  const run = parseRunId(opened) > parseRunId(slot.run) ? opened : slot.run;
  const halt = await readHalt(context.store, { job: slot.job, run });
  return halt?.reason === 'cancel' && ageMs(context, halt.at) > CANCELLED_MS;
};
