import { renderReplacementTaskId } from '../contract/ids.ts';
import type { Shuffle } from '../contract/plan.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import type { TaskOf } from '../contract/task.ts';
import { cutPartitionTask, weighSpan } from './cut-partition-task.ts';
import { cutPieceTask, type PieceBlock } from './cut-piece-task.ts';
import { needAllRows } from './cut-stages.ts';
import { halveSpan } from './halve-task.ts';

/** Where a task over blocks stands: the blocks, what wrote them, and the whole steps of the task's own stage. */
export type HalvedStage = {
  readonly blocks: readonly PieceBlock[];
  readonly shuffle: Pick<Shuffle, 'by' | 'pieceRows'> | undefined;
  readonly steps: readonly PlannedStep[];
};

/**
 * The two halves of a task over blocks that outgrew its machine, which together read what it had to read, each row
 * once; undefined where it cannot be cut any more, or its steps need all of its rows at once, as in a plan of one
 * task. Numbers of partitions count in each block, those of pieces through all of them.
 */
export const halvePartitionTask = (
  task: TaskOf<'partitions'>,
  { blocks, shuffle, steps }: HalvedStage,
): readonly TaskOf<'partitions'>[] | undefined => {
  if (needAllRows(steps)) return undefined;
  return halveSpan(task, shuffle?.by ?? [])?.map((span, half) => {
    const id = renderReplacementTaskId(task.task, half);
    if (shuffle?.pieceRows === undefined)
      return cutPartitionTask(blocks, span, { task: id, weightBytes: weighSpan(blocks, span) });
    const { first, end } = span;
    const cut = cutPieceTask(blocks, { task: id, first, end });
    const share = cut.weightBytes / Math.max(1, task.weightBytes);
    return task.tokens === undefined ? cut : { ...cut, tokens: Math.round(task.tokens * share) };
  });
};
