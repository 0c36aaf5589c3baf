/** The transposed index: for each task of the next stage what it reads, and where that lies in each block. */
import type { Commit } from '../contract/commit.ts';
import { renderTaskId } from '../contract/ids.ts';
import type { Plan, Shuffle } from '../contract/plan.ts';
import type { Task } from '../contract/task.ts';
import { cutPartitionTask } from './cut-partition-task.ts';
import { cutPieceTask, pieceBytes } from './cut-piece-task.ts';
import { isDealt } from './cut-stages.ts';
import { type PartitionPack, packByKeys, packPartitions } from './pack-partitions.ts';
import { planInferSpans } from './plan-infer-tasks.ts';
import { countTasks } from './plan-job.ts';
import { loadsOf } from './weigh-pieces.ts';

/** Tasks one after another: of the widest plan all at once are hundreds of megabytes. */
export type NextTasks = { readonly count: number; readonly tasks: Iterable<Task> };

const NONE: NextTasks = { count: 0, tasks: [] };

/** The tasks behind the stage at `index`, whose commits are all there; none behind the last. */
export const cutNextTasks = (plan: Plan, index: number, commits: readonly Commit[]): NextTasks => {
  const shuffle = plan.stages[index]?.shuffle;
  if (shuffle === undefined) return NONE;
  if (shuffle.pieceRows !== undefined) {
    return plan.stages[index + 1]?.kind === 'infer'
      ? cutModelTasks(plan, index + 1, commits)
      : cutPieceTasks(plan, index + 1, commits);
  }
  const { partitions } = shuffle;
  const sizes = Array.from({ length: partitions }, (_, partition) =>
    commits.reduce((bytes, commit) => bytes + (commit.partitions[partition]?.[1] ?? 0), 0),
  );
  const packs: readonly PartitionPack[] = isDealt(shuffle.step)
    ? sizes.map((sizeBytes, first) => ({ first, end: first + 1, sizeBytes }))
    : packRows(shuffle, sizes, aimOf(plan, index + 1, sizes));
  return listOf(packs, (pack, task) =>
    cutPartitionTask(commits, pack, { task, weightBytes: pack.sizeBytes }),
  );
};

const listOf = <Span>(spans: readonly Span[], cut: (span: Span, task: string) => Task): NextTasks => ({
  count: spans.length,
  tasks: eachOf(spans, cut),
});

function* eachOf<Span>(spans: readonly Span[], cut: (span: Span, task: string) => Task): Generator<Task> {
  for (const [task, span] of spans.entries()) yield cut(span, renderTaskId(task));
}

/** Rows that no key keeps together, as those of a sort, stay in one task. */
const packRows = ({ by }: Shuffle, sizes: readonly number[], tasks: number): readonly PartitionPack[] =>
  by.length === 0 ? packPartitions(sizes, tasks) : packByKeys(sizes, tasks);

/** Files of one output. */
const MOST_FILES = 10_000;

/** How many tasks a stage is to have, by the plan, and by what there is to read. */
const aimOf = ({ stages, taskBytes }: Plan, index: number, sizes: readonly number[]): number => {
  const { tasks: planned = 1, taskBytes: own } = stages[index] ?? {};
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (own !== undefined) return countTasks(bytes, own, MOST_FILES);
  return taskBytes === undefined ? planned : countTasks(bytes, taskBytes, planned);
};

/** Of requests to a model: by the time that they take, where that is known. */
const cutModelTasks = (plan: Plan, index: number, commits: readonly Commit[]): NextTasks => {
  const { infer } = plan.stages[index] ?? {};
  if (infer === undefined) throw new Error(`stage ${index} runs a model, and nothing is known of it`);
  return listOf(planInferSpans(loadsOf(commits), infer), ({ first, end, weight, waits }, task) =>
    cutPieceTask(commits, {
      task,
      first,
      end,
      tokens: weight,
      ...(waits === undefined ? {} : { waits }),
    }),
  );
};

/** Of answers: by their bytes, and one task where there are none, for an output of no rows is one too. */
const cutPieceTasks = (plan: Plan, index: number, commits: readonly Commit[]): NextTasks => {
  const sizes = pieceBytes(commits);
  const spans =
    sizes.length === 0 ? [{ first: 0, end: 0 }] : packPartitions(sizes, aimOf(plan, index, sizes));
  return listOf(spans, ({ first, end }, task) => cutPieceTask(commits, { task, first, end }));
};
