import { randomUUID } from 'node:crypto';
import { FailureNote } from '../contract/execution.ts';
import type { StageIds, TaskIds } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import { mapBounded } from './map-bounded.ts';
import type { ObjectStore } from './object-store.ts';
import { readState } from './put-once.ts';

/** A Map bears few failures; see core/next-pass. What is beyond says nothing new. */
const MOST_NOTES = 1_000;
/** Small objects at once; see commit-attempt. */
const MAX_READS = 16;

/** Leaves a note of an attempt that failed, as the state machine does. Advisory: nothing is decided by it. */
export const putFailureNote = (
  store: ObjectStore,
  { job, run, stage, task }: TaskIds,
  { name, message, worker }: { readonly name: string; readonly message: string; readonly worker: string },
): Promise<void> => {
  const note: FailureNote = { Error: name, Cause: JSON.stringify({ errorMessage: message }), worker };
  const key = KEYS.failure.render({ job, run, stage, task, note: randomUUID() });
  return store.put(key, new TextEncoder().encode(JSON.stringify(note)));
};

/** An attempt that failed, and when its note came. */
export type FailedAttempt = { readonly task: string; readonly at: string; readonly note: FailureNote };

/** All notes of a stage, in the order in which they came; at most {@link MOST_NOTES}. */
export const listFailureNotes = async (
  store: ObjectStore,
  stage: StageIds,
): Promise<readonly FailedAttempt[]> => {
  const found: { readonly key: string; readonly task: string; readonly at: string }[] = [];
  for await (const { key, modifiedAt } of store.list(KEYS.failure.prefix(stage))) {
    const task = KEYS.failure.parse(key)?.task;
    if (task !== undefined) found.push({ key, task, at: modifiedAt });
    if (found.length === MOST_NOTES) break;
  }
  const notes = await mapBounded(found, MAX_READS, async ({ key, task, at }) => {
    const note = await readState(store, { key, schema: FailureNote });
    return note === undefined ? [] : [{ task, at, note }];
  });
  return notes.flat().sort((left, right) => Date.parse(left.at) - Date.parse(right.at));
};

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
