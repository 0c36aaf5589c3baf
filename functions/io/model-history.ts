import { KEYS } from '../contract/keys.ts';
import { ModelHistoryEntry, type ModelSubject, type StepFigures } from '../contract/model-history.ts';
import { digestOf } from './digest.ts';
import type { ObjectStore } from './object-store.ts';
import { readState } from './put-once.ts';

/** More say no more, and each is a read before a job can start. */
const NEWEST = 20;

/** What finished jobs with the same model, engine and machine took, oldest first. */
export const readModelHistory = async (
  store: ObjectStore,
  subject: ModelSubject,
): Promise<readonly StepFigures[]> => {
  const found: { readonly key: string; readonly modifiedAt: string }[] = [];
  for await (const facts of store.list(KEYS.modelHistory.prefix({ digest: digestOf(subject) })))
    found.push(facts);
  found.sort((left, right) => (left.modifiedAt < right.modifiedAt ? -1 : 1));
  const entries = await Promise.all(
    found.slice(-NEWEST).map(({ key }) => readState(store, { key, schema: ModelHistoryEntry })),
  );
  return entries.flatMap((entry) => entry?.steps ?? []);
};

/** Adds a finished job; a job that is finished again replaces its own entry. */
export const putModelHistory = (store: ObjectStore, entry: ModelHistoryEntry): Promise<void> =>
  store.put(
    KEYS.modelHistory.render({ digest: digestOf(entry.subject), job: entry.job }),
    new TextEncoder().encode(`${JSON.stringify(ModelHistoryEntry.parse(entry))}\n`),
  );
