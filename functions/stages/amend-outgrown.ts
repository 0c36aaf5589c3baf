import { MAX_AMENDMENTS } from '../contract/amendment.ts';
import type { DaybreakError } from '../contract/errors.ts';
import type { Plan } from '../contract/plan.ts';
import type { Task } from '../contract/task.ts';
import { halvePartitionTask } from '../core/halve-partition-task.ts';
import { halveTask } from '../core/halve-task.ts';
import { putAmendment } from '../io/seal-stage.ts';
import { readBlocksBefore } from './read-blocks-before.ts';
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
  const shuffle = plan.stages[index - 1]?.shuffle;
  const steps = plan.stages[index]?.steps ?? [];
  const halves = outgrown.tasks.flatMap(({ task, failure }): readonly Task[] => {
    const found =
      task.kind === 'partitions'
        ? halvePartitionTask(task, { blocks, shuffle, steps })
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
