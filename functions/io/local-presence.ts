import { KEYS } from '../contract/keys.ts';
import { Running } from '../contract/running.ts';
import type { ObjectStore } from './object-store.ts';
import { readState } from './put-once.ts';
import { isAlive, thisHost } from './this-machine.ts';

/**
 * Whether a process works on the run. A record whose process is gone was left by a death; of another machine it
 * counts. A run that is not open has no records: its job counts as nobody's.
 */
export const findLocalPresence = async (
  store: ObjectStore,
  { job, run }: { readonly job: string; readonly run?: string },
): Promise<'working' | 'nobody'> => {
  if (run === undefined) return 'nobody';
  for await (const { key } of store.list(KEYS.running.prefix({ job, run }))) {
    const running = await readState(store, { key, schema: Running });
    if (running !== undefined && (running.host !== thisHost() || isAlive(running.pid))) return 'working';
  }
  return 'nobody';
};
