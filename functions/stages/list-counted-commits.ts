import type { Commit, CommitFacts } from '../contract/commit.ts';
import type { Plan } from '../contract/plan.ts';
import type { Sealed } from '../contract/sealed.ts';
import { listSealedCommits, listSealedFacts } from '../io/commit-attempt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { readSealed } from '../io/seal-stage.ts';
import { readStage } from './read-stage.ts';
import { readTasksKey } from './read-tasks.ts';

/**
 * The commits of a stage that count, in task order: those that its seal has counted, or before that, those of its
 * tasks as they are amended so far. A void task's commit is none of them. None where the stage is not cut yet.
 */
export const listCountedCommits = (
  store: ObjectStore,
  plan: Plan,
  index: number,
): Promise<readonly Commit[]> => listCounted(store, { plan, index }, listSealedCommits);

/** The same without their partitions; see listSealedFacts. */
export const listCountedFacts = (
  store: ObjectStore,
  plan: Plan,
  index: number,
): Promise<readonly CommitFacts[]> => listCounted<CommitFacts>(store, { plan, index }, listSealedFacts);

const listCounted = async <Kept extends CommitFacts>(
  store: ObjectStore,
  { plan, index }: { readonly plan: Plan; readonly index: number },
  listSealed: (store: ObjectStore, sealed: Sealed) => Promise<readonly Kept[]>,
): Promise<readonly (Kept | Commit)[]> => {
  const stage = { job: plan.job, run: plan.run, stage: plan.stageIds[index] ?? '' };
  const sealed = await readSealed(store, stage);
  if (sealed !== undefined) return listSealed(store, sealed);
  const key = await readTasksKey(store, plan, index);
  if (key === undefined || (await store.head(key)) === undefined) return [];
  return (await readStage(store, plan, { ...stage, index })).done;
};
