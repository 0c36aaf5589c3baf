import { KEYS } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { listAmendments, readSealed } from '../io/seal-stage.ts';

export type StageState = {
  readonly stage: string;
  /** As amended; before the stage is cut, as the plan expects. */
  readonly tasks: number;
  /** Of these. */
  readonly committed: number;
  readonly isSealed: boolean;
};

/** How far a stage is, by names alone: no commit is read. */
export const readStageState = async (store: ObjectStore, plan: Plan, index: number): Promise<StageState> => {
  const stage = plan.stageIds[index] ?? '';
  const ids = { job: plan.job, run: plan.run, stage };
  const sealed = await readSealed(store, ids);
  if (sealed !== undefined) {
    const committed = sealed.commits.length;
    return { stage, tasks: committed + sealed.missing.length, committed, isSealed: true };
  }
  const amendments = await listAmendments(store, ids);
  const voided = new Set(amendments.flatMap((amendment) => amendment.void));
  const added = amendments.reduce((sum, { tasks }) => sum + tasks.length, 0);
  let committed = 0;
  for await (const { key } of store.list(KEYS.commit.prefix(ids))) {
    if (!voided.has(KEYS.commit.parse(key)?.task ?? '')) committed += 1;
  }
  const tasks = (await countFirst(store, plan, index)) - voided.size + added;
  return { stage, tasks, committed, isSealed: false };
};

const countFirst = async (store: ObjectStore, plan: Plan, index: number): Promise<number> => {
  const planned = plan.stages[index]?.tasks ?? 0;
  if (index === 0) return planned;
  const before = { job: plan.job, run: plan.run, stage: plan.stageIds[index - 1] ?? '' };
  return (await readSealed(store, before))?.nextTasks ?? planned;
};
