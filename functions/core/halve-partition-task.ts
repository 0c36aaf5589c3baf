import { renderReplacementTaskId } from '../contract/ids.ts';
import type { Shuffle } from '../contract/plan.ts';
import type { TaskOf } from '../contract/task.ts';
import { cutPartitionTask, weighSpan } from './cut-partition-task.ts';
import { cutPieceTask, type PieceBlock } from './cut-piece-task.ts';
import { halveSpan } from './halve-task.ts';

/**
 * The two halves of a task over blocks that outgrew its machine, which together read what it had to read, each row
 * once; undefined where it cannot be cut any more. `shuffle` wrote the blocks: numbers of its partitions count in each
 * block, those of its pieces through all of them.
 */
export const halvePartitionTask = (
  task: TaskOf<'partitions'>,
  blocks: readonly PieceBlock[],
  shuffle: Pick<Shuffle, 'by' | 'pieceRows'> | undefined,
): readonly TaskOf<'partitions'>[] | undefined =>
  halveSpan(task, shuffle?.by ?? [])?.map((span, half) => {
    const id = renderReplacementTaskId(task.task, half);
    if (shuffle?.pieceRows === undefined)
      return cutPartitionTask(blocks, span, { task: id, weightBytes: weighSpan(blocks, span) });
    const { first, end } = span;
    const cut = cutPieceTask(blocks, { task: id, first, end });
    const share = cut.weightBytes / Math.max(1, task.weightBytes);
    return task.tokens === undefined ? cut : { ...cut, tokens: Math.round(task.tokens * share) };
  });
