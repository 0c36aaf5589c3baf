import type { ObjectStore } from '../object-store.ts';
import { listSlots } from './slots.ts';
import { isWaiting, listWaitingNames } from './waiting-jobs.ts';

/** Whether a job has a slot, and so an execution; waits for one; or neither. */
export const findCloudPresence = async (
  store: ObjectStore,
  { job }: { readonly job: string },
): Promise<'working' | 'waiting' | 'nobody'> => {
  const slots = await listSlots(store);
  if (slots.some(({ slot }) => slot.job === job)) return 'working';
  return (await isWaiting(store, job)) ? 'waiting' : 'nobody';
};

/** The same for many jobs by one look at slots and queue, instead of one for each. */
export const findAllPresence = async (store: ObjectStore) => {
  const [slots, waiting] = [new Set<string>(), new Set<string>()];
  for (const { slot } of await listSlots(store)) slots.add(slot.job);
  for await (const job of listWaitingNames(store)) waiting.add(job);
  return async ({ job }: { readonly job: string }): Promise<'working' | 'waiting' | 'nobody'> =>
    slots.has(job) ? 'working' : waiting.has(job) ? 'waiting' : 'nobody';
};
