import { HistoryEntry } from '../contract/history.ts';
import { KEYS } from '../contract/keys.ts';
import type { ObjectStore } from './object-store.ts';
import { readState } from './put-once.ts';

/** More say no more, and each is a read before a job can start. */
const NEWEST = 20;

/** The newest finished jobs of a shape, oldest first. */
export const readHistory = async (store: ObjectStore, shape: string): Promise<readonly HistoryEntry[]> => {
  const found: { readonly key: string; readonly modifiedAt: string }[] = [];
  for await (const facts of store.list(KEYS.history.prefix({ digest: shape }))) found.push(facts);
  found.sort((left, right) => (left.modifiedAt < right.modifiedAt ? -1 : 1));
  const entries = await Promise.all(
    found.slice(-NEWEST).map(({ key }) => readState(store, { key, schema: HistoryEntry })),
  );
  return entries.filter((entry) => entry !== undefined);
};

/** Adds a finished job; a job that is finished again replaces its own entry. */
export const putHistory = (store: ObjectStore, shape: string, entry: HistoryEntry): Promise<void> =>
  store.put(
    KEYS.history.render({ digest: shape, job: entry.job }),
    new TextEncoder().encode(`${JSON.stringify(HistoryEntry.parse(entry))}\n`),
  );
