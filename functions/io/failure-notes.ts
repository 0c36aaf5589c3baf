import { FailureNote } from '../contract/execution.ts';
import type { StageIds } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import { mapBounded } from './map-bounded.ts';
import type { ObjectStore } from './object-store.ts';
import { readState } from './put-once.ts';

/** A Map bears few failures; see core/next-pass. What is beyond says nothing new. */
const MOST_NOTES = 1_000;
/** Small objects at once; see commit-attempt. */
const MAX_READS = 16;

/** The last note that the state machine left of each task. Only failed executions leave one. */
export const readFailureNotes = async (
  store: ObjectStore,
  stage: StageIds,
): Promise<ReadonlyMap<string, FailureNote>> => {
  const found: { readonly key: string; readonly task: string; readonly modifiedAt: string }[] = [];
  for await (const { key, modifiedAt } of store.list(KEYS.failure.prefix(stage))) {
    const task = KEYS.failure.parse(key)?.task;
    if (task !== undefined) found.push({ key, task, modifiedAt });
    if (found.length === MOST_NOTES) break;
  }
  const last = new Map<string, (typeof found)[number]>();
  for (const note of found) {
    const other = last.get(note.task);
    if (other === undefined || other.modifiedAt <= note.modifiedAt) last.set(note.task, note);
  }
  const notes = await mapBounded([...last], MAX_READS, async ([task, { key }]) => {
    const note = await readState(store, { key, schema: FailureNote });
    return note === undefined ? [] : [[task, note] as const];
  });
  return new Map(notes.flat());
};
