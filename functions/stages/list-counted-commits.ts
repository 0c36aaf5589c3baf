import type { Commit } from '../contract/commit.ts';
import type { Plan } from '../contract/plan.ts';
import { listSealedCommits } from '../io/commit-attempt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { readSealed } from '../io/seal-stage.ts';
import { readStage } from './read-stage.ts';
import { readTasksKey } from './read-tasks.ts';

/**
 * The commits of a stage that count, in task order: those that its seal has counted, or before that, those of its
 * tasks as they are amended so far. A void task's commit is none of them. None where the stage is not cut yet.
 */
export const listCountedCommits = async (
  store: ObjectStore,
  plan: Plan,
  index: number,
): Promise<readonly Commit[]> => {
  const stage = { job: plan.job, run: plan.run, stage: plan.stageIds[index] ?? '' };
  const sealed = await readSealed(store, stage);
  if (sealed !== undefined) return listSealedCommits(store, sealed);
  const key = await readTasksKey(store, plan, index);
  if (key === undefined || (await store.head(key)) === undefined) return [];
  return (await readStage(store, plan, { ...stage, index })).done;
};
