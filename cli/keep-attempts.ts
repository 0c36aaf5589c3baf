import { KEYS } from '../functions/contract/keys.ts';
import { putFailureNote } from '../functions/io/failure-notes.ts';
import type { ObjectStore } from '../functions/io/object-store.ts';
import type { PoolAttempt, PoolKeeping } from './worker-pool.ts';

/** Keeps what attempts print, and why they failed, beside the commits of their stage; it goes with the job. */
export const keepAttempts = (store: ObjectStore): PoolKeeping => {
  const keyOf = ({ ids, worker }: PoolAttempt): string => KEYS.printed.render({ ...ids, worker });
  return {
    placeOf: (attempt) => store.localPath(keyOf(attempt)) ?? keyOf(attempt),
    printed: (attempt, bytes) => store.put(keyOf(attempt), bytes),
    failed: ({ ids, worker }, failure) => putFailureNote(store, ids, { ...failure, worker }),
  };
};
