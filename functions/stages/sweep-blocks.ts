import { blockPrefixes } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import { mapBounded } from '../io/map-bounded.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { readSealed } from '../io/seal-stage.ts';

/** Prefixes listed at once; each is empty or short. */
const MAX_LISTS = 16;

const deletePrefixes = async (store: ObjectStore, prefixes: readonly string[]): Promise<void> => {
  await mapBounded(prefixes, MAX_LISTS, (prefix) => store.deletePrefix(prefix));
};

/**
 * Deletes the blocks of a stage that a later one has read: of its commits, whichever run wrote them, and of attempts
 * that lost. Call it when the next stage is sealed.
 */
export const deleteStageBlocks = async (store: ObjectStore, plan: Plan, index: number): Promise<void> => {
  const stage = plan.stageIds[index];
  if (stage === undefined) return;
  const { job, run } = plan;
  const sealed = await readSealed(store, { job, run, stage });
  const runs = new Set([run, ...(sealed?.commits ?? []).map(([, ownRun]) => ownRun)]);
  for (const each of runs) await deletePrefixes(store, blockPrefixes({ job, run: each, stage }));
};

/** Of a published job: the output has its own names for the committed blocks; those of lost attempts go too. */
export const sweepBlocks = (store: ObjectStore, job: string): Promise<void> =>
  deletePrefixes(store, blockPrefixes({ job }));
