import { MAX_AMENDMENTS } from '../contract/amendment.ts';
import type { Commit } from '../contract/commit.ts';
import type { DaybreakError } from '../contract/errors.ts';
import { StateError } from '../contract/errors-store.ts';
import { renderReplacementTaskId } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import type { Task, TaskOf } from '../contract/task.ts';
import { cutPartitionTask, weighSpan } from '../core/cut-partition-task.ts';
import { halveSpan, halveTask } from '../core/halve-task.ts';
import { listSealedCommits } from '../io/commit-attempt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { putAmendment, readSealed } from '../io/seal-stage.ts';
import type { StagePosition } from './seal.ts';
import type { StageContext } from './stage-context.ts';

/** A task that outgrew even the most memory that there is for one, and how. */
export type OutgrownTask = { readonly task: Task; readonly failure: DaybreakError };

/**
 * Puts the halves of each outgrown task in its place. Fails with the failure of the first task that cannot be cut
 * any more, or of any where the stage has been amended too often. `amendments` is how many there are already.
 */
export const amendOutgrown = async (
  context: StageContext,
  plan: Plan,
  outgrown: {
    readonly position: StagePosition;
    readonly amendments: number;
    readonly tasks: readonly OutgrownTask[];
  },
): Promise<string> => {
  const { index, ...stage } = outgrown.position;
  const [worst] = outgrown.tasks;
  if (worst !== undefined && outgrown.amendments >= MAX_AMENDMENTS) throw worst.failure;
  const blocks = outgrown.tasks.some(({ task }) => task.kind === 'partitions')
    ? await readBlocksBefore(context.store, plan, index)
    : [];
  const halves = outgrown.tasks.flatMap(({ task, failure }): readonly Task[] => {
    const found =
      task.kind === 'partitions'
        ? halvePartitions(plan, index, { task, blocks })
        : halveTask(plan.input, task);
    if (found === undefined) throw failure;
    return found;
  });
  const ids = outgrown.tasks.map(({ task }) => task.task);
  const reason = `${ids.length === 1 ? `the task ${ids[0]}` : `${ids.length} tasks`} outgrew the memory of one and ${ids.length === 1 ? 'is' : 'are'} halved (${worst?.failure.name})`;
  await putAmendment(
    context.store,
    { k: outgrown.amendments },
    { ...stage, void: ids, tasks: [...halves], reason, at: context.now().toISOString() },
  );
  return reason;
};

const readBlocksBefore = async (
  store: ObjectStore,
  plan: Plan,
  index: number,
): Promise<readonly Commit[]> => {
  const stage = { job: plan.job, run: plan.run, stage: plan.stageIds[index - 1] ?? '' };
  const sealed = await readSealed(store, stage);
  if (sealed === undefined) throw new StateError({ key: KEYS.sealed.render(stage), problem: 'it is gone' });
  return listSealedCommits(store, sealed);
};

const halvePartitions = (
  plan: Plan,
  index: number,
  { task, blocks }: { readonly task: TaskOf<'partitions'>; readonly blocks: readonly Commit[] },
): readonly Task[] | undefined => {
  const spans = halveSpan(task, plan.stages[index - 1]?.shuffle?.by ?? []);
  return spans?.map((span, half) =>
    cutPartitionTask(blocks, span, {
      task: renderReplacementTaskId(task.task, half),
      weightBytes: weighSpan(blocks, span),
    }),
  );
};
