import type { ObjectStore } from '../object-store.ts';
import { listSlots } from './slots.ts';
import { isWaiting } from './waiting-jobs.ts';

/** Whether a job has a slot, and so an execution; waits for one; or neither. */
export const findCloudPresence = async (
  store: ObjectStore,
  { job }: { readonly job: string },
): Promise<'working' | 'waiting' | 'nobody'> => {
  const slots = await listSlots(store);
  if (slots.some(({ slot }) => slot.job === job)) return 'working';
  return (await isWaiting(store, job)) ? 'waiting' : 'nobody';
};
