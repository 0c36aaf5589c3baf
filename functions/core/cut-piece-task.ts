import type { Commit } from '../contract/commit.ts';
import type { TaskOf, TaskSource } from '../contract/task.ts';

/** A block of pieces: it has as many as it needs. */
export type PieceBlock = Pick<Commit, 'task' | 'run' | 'attempt' | 'partitions' | 'weights'>;

type Cut = Pick<TaskOf<'partitions'>, 'task' | 'first' | 'end' | 'tokens' | 'waits'>;

/**
 * The task that reads a span of pieces: where they lie in the block of each commit, in task order. Its weight is
 * their bytes.
 */
export const cutPieceTask = (blocks: readonly PieceBlock[], cut: Cut): TaskOf<'partitions'> => {
  const sources: TaskSource[] = [];
  let weightBytes = 0;
  let offset = 0;
  for (const { task, run, attempt, partitions } of blocks) {
    const extents = partitions
      .slice(Math.max(0, cut.first - offset), Math.max(0, cut.end - offset))
      .filter(([, , , rows]) => rows > 0);
    offset += partitions.length;
    if (extents.length === 0) continue;
    sources.push([task, run, attempt, extents]);
    weightBytes += extents.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0);
  }
  return { kind: 'partitions', weightBytes, ...cut, sources };
};

/** Bytes of the pieces of all blocks, in the order of their numbers. */
export const pieceBytes = (blocks: readonly PieceBlock[]): readonly number[] =>
  blocks.flatMap(({ partitions }) => partitions.map(([, sizeBytes]) => sizeBytes));
