import type { Commit } from '../contract/commit.ts';
import type { StageIds } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import { Task } from '../contract/task.ts';
import { reconcileCommits } from '../core/reconcile-commits.ts';
import { listCommits } from '../io/commit-attempt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { listAmendments } from '../io/seal-stage.ts';
import { readTasks } from './read-tasks.ts';

/** Where a stage stands: its list after all amendments, what is done and what is missing, all in task order. */
export type StageStanding = {
  readonly tasks: readonly Task[];
  readonly amendments: number;
  readonly done: readonly Commit[];
  /** What has to run. */
  readonly missing: readonly string[];
  /** What nobody runs: behind the pilot they are cut into others. */
  readonly waiting: readonly string[];
};

/** Reads the tasks of a stage and their commits. Fails with StateError where they contradict each other. */
export const readStage = async (
  store: ObjectStore,
  plan: Plan,
  { index, ...stage }: StageIds & { readonly index: number },
): Promise<StageStanding> => {
  const first = await readTasks(store, plan, index);
  const amendments = await listAmendments(store, stage);
  const { done, missing, live } = reconcileCommits({
    where: KEYS.sealed.render(stage),
    tasks: first.map(({ task }) => task),
    amendments,
    commits: await listCommits(store, stage),
  });
  const amended = amendments.flatMap(({ tasks }) => tasks).map((task) => Task.parse(task));
  const byId = new Map([...first, ...amended].map((task) => [task.task, task]));
  const tasks = live.flatMap((task) => byId.get(task) ?? []);
  const waits = new Set(
    tasks.flatMap((task) => (task.kind === 'partitions' && task.waits ? [task.task] : [])),
  );
  return {
    tasks,
    amendments: amendments.length,
    done,
    missing: missing.filter((task) => !waits.has(task)),
    waiting: missing.filter((task) => waits.has(task)),
  };
};
