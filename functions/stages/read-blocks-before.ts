import type { Commit } from '../contract/commit.ts';
import { StateError } from '../contract/errors-store.ts';
import { KEYS } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import { listSealedCommits } from '../io/commit-attempt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { readSealed } from '../io/seal-stage.ts';

/** The commits of the blocks that a stage reads, in task order. Fails with StateError. */
export const readBlocksBefore = async (
  store: ObjectStore,
  plan: Plan,
  index: number,
): Promise<readonly Commit[]> => {
  const stage = { job: plan.job, run: plan.run, stage: plan.stageIds[index - 1] ?? '' };
  const sealed = await readSealed(store, stage);
  if (sealed === undefined) throw new StateError({ key: KEYS.sealed.render(stage), problem: 'it is gone' });
  return listSealedCommits(store, sealed);
};
