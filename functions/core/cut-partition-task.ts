import type { Commit } from '../contract/commit.ts';
import type { TaskOf, TaskSource } from '../contract/task.ts';
import type { PartitionSpan } from './halve-task.ts';

type BlockFacts = Pick<Commit, 'task' | 'run' | 'attempt' | 'partitions'>;

/** The task that reads a span of partitions: where they lie in the block of each commit, in task order. */
export const cutPartitionTask = (
  commits: readonly BlockFacts[],
  { first, end, share }: PartitionSpan,
  { task, weightBytes }: { readonly task: string; readonly weightBytes: number },
): TaskOf<'partitions'> => ({
  kind: 'partitions',
  task,
  weightBytes,
  first,
  end,
  ...(share === undefined ? {} : { share }),
  sources: commits.flatMap((commit): TaskSource[] => {
    const extents = commit.partitions.slice(first, end).filter(([, , , rows]) => rows > 0);
    return extents.length === 0 ? [] : [[commit.task, commit.run, commit.attempt, extents]];
  }),
});

/** Bytes of a span of partitions over all blocks. */
export const weighSpan = (commits: readonly BlockFacts[], { first, end, share }: PartitionSpan): number => {
  const bytes = commits.reduce(
    (total, { partitions }) =>
      total + partitions.slice(first, end).reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0),
    0,
  );
  return Math.floor(bytes / (share?.of ?? 1));
};
