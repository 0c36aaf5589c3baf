import { renderExecutionName, type Slot } from '../../contract/dispatch.ts';
import type { Executions } from '../../io/cloud/executions.ts';
import { freeSlot, type HeldSlot, listSlots, takeSlot } from '../../io/cloud/slots.ts';
import { listWaiting, removeWaiting, type WaitingJob } from '../../io/cloud/waiting-jobs.ts';
import type { ObjectStore } from '../../io/object-store.ts';

export type DispatchContext = {
  readonly store: ObjectStore;
  readonly executions: Executions;
  readonly now: () => Date;
  /** Jobs that run at once. */
  readonly mostJobs: number;
};

/** Each turn follows a slot that somebody else took or gave back at that moment. */
const MAX_TURNS = 64;

/**
 * Starts waiting jobs while there are free slots, the earliest deadline first. May run any number of times at once,
 * and be killed anywhere: a job is started under a name of its own, so that two who start it start it once.
 * Returns the names of the executions that it started.
 */
export const dispatchJobs = async (context: DispatchContext): Promise<readonly string[]> => {
  const started: string[] = [];
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    if ((await dispatchOnce(context, started)) === 'done') return started;
  }
  return started;
};

const dispatchOnce = async (context: DispatchContext, started: string[]): Promise<'done' | 'again'> => {
  for await (const waiting of listWaiting(context.store)) {
    const result = await startJob(context, waiting);
    if (result === 'full') return 'done';
    if (result === 'crossed') return 'again';
    if (result === 'started') started.push(renderExecutionName(waiting.waiting));
  }
  return 'done';
};

/** `over`: that go has been, and needs no start. `later`: an earlier go of the job is not over yet. */
const startJob = async (
  context: DispatchContext,
  entry: WaitingJob,
): Promise<'started' | 'over' | 'later' | 'full' | 'crossed'> => {
  const { store, executions } = context;
  const { waiting } = entry;
  const { job, go } = waiting;
  const held = await holdSlot(context, { ...waiting, at: context.now().toISOString() });
  if (typeof held === 'string') return held;
  const result = await executions.start(renderExecutionName(waiting), { job, go, reopened: 0 });
  // Nothing runs that would give the slot back.
  if (result === 'ended') await freeSlot(store, held);
  await removeWaiting(store, entry);
  return result === 'started' ? 'started' : 'over';
};

/** The slot of this go: the one that it has, or the lowest that is free. */
const holdSlot = async (
  { store, mostJobs }: DispatchContext,
  wanted: Slot,
): Promise<HeldSlot | 'later' | 'full' | 'crossed'> => {
  const isMine = ({ slot }: HeldSlot): boolean => slot.job === wanted.job;
  const before = await listSlots(store);
  const standing = before.find(isMine);
  // It has one where the dispatch that took it died before it was done.
  if (standing !== undefined) {
    return renderExecutionName(standing.slot) === renderExecutionName(wanted) ? standing : 'later';
  }
  const taken = new Set(before.map(({ number }) => number));
  const free = Array.from({ length: mostJobs }, (_, number) => number).find((number) => !taken.has(number));
  if (free === undefined) return 'full';
  if (!(await takeSlot(store, free, wanted))) return 'crossed';
  // Another dispatch may have given the same job another slot meanwhile: the lowest stays.
  const now = await listSlots(store);
  const lowest = now.find(isMine);
  const own = now.find(({ number, slot }) => number === free && slot.job === wanted.job);
  if (own === undefined || lowest === undefined) return 'crossed';
  if (lowest.number === own.number) return own;
  await freeSlot(store, own);
  return 'crossed';
};
