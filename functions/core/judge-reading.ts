import type { Commit } from '../contract/commit.ts';
import type { Task } from '../contract/task.ts';

type Block = Pick<Commit, 'task' | 'run' | 'attempt' | 'partitions'>;

/**
 * Judges that tasks read all that blocks hold, each row once: every partition with rows is one task's, or the keys of
 * it are shared by several. Totals alone would not show rows that are lost in one place and doubled in another. The
 * sentence names the first block that is read otherwise; undefined where there is none.
 */
export const judgeReading = (tasks: readonly Task[], blocks: readonly Block[]): string | undefined => {
  const shares = new Map<string, number>();
  for (const task of tasks) {
    if (task.kind !== 'partitions') continue;
    // Shares are halves of halves: their sums are exact.
    const share = 1 / (task.share?.of ?? 1);
    for (const [block, run, attempt, extents] of task.sources)
      for (const [offset] of extents) {
        const key = `${block} ${run} ${attempt} ${offset}`;
        shares.set(key, (shares.get(key) ?? 0) + share);
      }
  }
  for (const { task, run, attempt, partitions } of blocks)
    for (const [partition, [offset, , , rows]] of partitions.entries()) {
      if (rows === 0) continue;
      const key = `${task} ${run} ${attempt} ${offset}`;
      const read = shares.get(key) ?? 0;
      if (read !== 1) return `partition ${partition} of the block of task ${task} was read ${read} times`;
      shares.delete(key);
    }
  const [unknown] = shares.keys();
  return unknown === undefined ? undefined : `something was read that no block has (${unknown})`;
};
