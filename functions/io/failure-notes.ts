import { randomUUID } from 'node:crypto';
import { FailureNote } from '../contract/execution.ts';
import type { StageIds, TaskIds } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import { mapBounded } from './map-bounded.ts';
import type { ObjectStore } from './object-store.ts';
import { readState } from './put-once.ts';

/** A Map bears few failures; see core/next-pass. What is beyond says nothing new to whoever looks at a page. */
const MOST_NOTES = 1_000;
/** As many as run at once at the most, and so can fail before their Map is over. */
const MOST_TASKS = 10_000;
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

/**
 * The last note that the state machine left of each of these tasks. Only failed executions leave one. Notes of other
 * tasks, which have their commit by now or were replaced, may be any number and hide none of them.
 */
export const readFailureNotes = async (
  store: ObjectStore,
  stage: StageIds,
  tasks: readonly string[],
): Promise<ReadonlyMap<string, FailureNote>> => {
  const wanted = new Set(tasks);
  const last = new Map<string, { readonly key: string; readonly modifiedAt: string }>();
  for await (const { key, modifiedAt } of store.list(KEYS.failure.prefix(stage))) {
    const task = KEYS.failure.parse(key)?.task;
    if (task === undefined || !wanted.has(task)) continue;
    const other = last.get(task);
    if (other === undefined || other.modifiedAt <= modifiedAt) last.set(task, { key, modifiedAt });
  }
  const notes = await mapBounded([...last].slice(0, MOST_TASKS), MAX_READS, async ([task, { key }]) => {
    const note = await readState(store, { key, schema: FailureNote });
    return note === undefined ? [] : [[task, note] as const];
  });
  return new Map(notes.flat());
};
