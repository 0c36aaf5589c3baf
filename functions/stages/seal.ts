import type { Carried, Commit } from '../contract/commit.ts';
import type { Counts } from '../contract/counts.ts';
import {
  BlockCorruptError,
  BlockMissingError,
  ConservationError,
  StateError,
} from '../contract/errors-store.ts';
import { renderTaskId, type StageIds } from '../contract/ids.ts';
import { KEYS, renderBlockKey } from '../contract/keys.ts';
import type { Plan, Shuffle } from '../contract/plan.ts';
import type { Sealed } from '../contract/sealed.ts';
import type { Task } from '../contract/task.ts';
import { amendSlices } from '../core/amend-slices.ts';
import { cutPartitionTask } from '../core/cut-partition-task.ts';
import { isDealt } from '../core/cut-stages.ts';
import { addCounts, judgeConservation, judgeHandover } from '../core/judge-conservation.ts';
import { type PartitionPack, packByKeys, packPartitions } from '../core/pack-partitions.ts';
import { countTasks } from '../core/plan-job.ts';
import { mapBounded } from '../io/map-bounded.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { putAmendment, putSealed, readSealed } from '../io/seal-stage.ts';
import { putTasks } from './put-tasks.ts';
import { readStage, type StageStanding } from './read-stage.ts';

import { requireRejects } from './require-rejects.ts';
import type { StageContext } from './stage-context.ts';

/** A request each; as many as one client keeps open to S3. */
const MAX_HEADS = 16;

/** Where a stage stands in its plan. */
export type StagePosition = StageIds & { readonly index: number };

/** Either the stage has ended, or some of its tasks were replaced by others, which have to run. */
export type SealResult =
  | { readonly kind: 'sealed'; readonly sealed: Sealed }
  | { readonly kind: 'amended'; readonly reason: string };

/**
 * Ends a stage: every task has its commit, every cut is proved, every block is there, the rows add up; cuts the
 * tasks of the next stage by the true sizes of the partitions. An attempt like any other: of two at once one is
 * chosen, and both return that one. `seen` is where the stage stands, by who has just looked.
 *
 * Fails with StateError where a task is missing, BlockMissingError, BlockCorruptError, ConservationError,
 * TooManyRejectsError.
 */
export const seal = async (
  context: StageContext,
  plan: Plan,
  position: StagePosition,
  seen?: StageStanding,
): Promise<SealResult> => {
  const { store } = context;
  const { index, ...stage } = position;
  const standing = await readSealed(store, stage);
  if (standing !== undefined) return { kind: 'sealed', sealed: standing };
  const planned = plan.stages[index];
  if (planned === undefined) throw new Error(`the plan has no stage ${index}`);
  const { tasks, amendments, done, missing } = seen ?? (await readStage(store, plan, position));
  if (missing.length > 0) {
    throw new StateError({ key: KEYS.sealed.render(stage), problem: `no commit of ${missing.join(', ')}` });
  }
  const verdict = amendSlices(plan.input, tasks, done);
  if (verdict.kind === 'amend') {
    const { reason } = verdict;
    const changes = { void: [...verdict.void], tasks: [...verdict.tasks], reason };
    await putAmendment(store, { k: amendments }, { ...stage, ...changes, at: context.now().toISOString() });
    return { kind: 'amended', reason };
  }
  await mapBounded(done, MAX_HEADS, (commit) => requireBlock(store, commit));
  const counts = addCounts(done.map((commit) => commit.counts));
  const carried = addCarried(done);
  await requireConservation(store, plan, { position, counts, carried });
  await requireRejects(store, plan, { index, counts, done });
  const attempt = context.newAttempt();
  const packs = packNext(plan, index, done);
  if (packs.length > 0)
    await putTasks(context, KEYS.index.render({ ...stage, attempt }), cutNextTasks(packs, done));
  const { chosen } = await putSealed(store, {
    ...stage,
    attempt,
    commits: done.map(({ task, run, attempt: chosenAttempt }) => [task, run, chosenAttempt]),
    missing: [],
    amendments,
    nextTasks: packs.length,
    totals: {
      rows: counts.written,
      sizeBytes: done.reduce((bytes, commit) => bytes + commit.block.sizeBytes, 0),
      counts,
      ...(carried === undefined ? {} : { carried }),
    },
    formats: plan.formats,
    sealedAt: context.now().toISOString(),
  });
  return { kind: 'sealed', sealed: chosen };
};

const addCarried = (commits: readonly Commit[]): Carried | undefined => {
  const sum = (side: 'in' | 'out'): number | undefined =>
    commits.some(({ carried }) => carried?.[side] !== undefined)
      ? commits.reduce((rows, { carried }) => rows + (carried?.[side] ?? 0), 0)
      : undefined;
  const [carriedIn, carriedOut] = [sum('in'), sum('out')];
  if (carriedIn === undefined && carriedOut === undefined) return undefined;
  return {
    ...(carriedIn === undefined ? {} : { in: carriedIn }),
    ...(carriedOut === undefined ? {} : { out: carriedOut }),
  };
};

type Judged = {
  readonly position: StagePosition;
  readonly counts: Counts;
  readonly carried: Carried | undefined;
};

/** The rows of the stage add up, it read what the one before wrote, and no group lost rows on the way. */
const requireConservation = async (store: ObjectStore, plan: Plan, judged: Judged): Promise<void> => {
  const { position, counts, carried } = judged;
  const where = `stage ${position.stage}`;
  const own = judgeConservation(counts);
  if (!own.isConserved) throw new ConservationError({ where, sentence: own.sentence });
  if (position.index === 0) return;
  const before = await readSealed(store, { ...position, stage: plan.stageIds[position.index - 1] ?? '' });
  if (before === undefined) throw new StateError({ key: where, problem: 'the stage before is not sealed' });
  const handover = judgeHandover(before.totals.counts, counts);
  if (!handover.isConserved) throw new ConservationError({ where, sentence: handover.sentence });
  if (before.totals.carried?.out === carried?.in) return;
  const sentence = `groups left the stage before with ${before.totals.carried?.out} rows and came in with ${carried?.in}`;
  throw new ConservationError({ where, sentence });
};

/** Which partitions each task of the next stage reads, by their sizes over all blocks; none where none follows. */
const packNext = (plan: Plan, index: number, commits: readonly Commit[]): readonly PartitionPack[] => {
  const shuffle = plan.stages[index]?.shuffle;
  if (shuffle === undefined) return [];
  const { partitions } = shuffle;
  const sizes = Array.from({ length: partitions }, (_, partition) =>
    commits.reduce((bytes, commit) => bytes + (commit.partitions[partition]?.[1] ?? 0), 0),
  );
  return isDealt(shuffle.step)
    ? sizes.map((sizeBytes, first) => ({ first, end: first + 1, sizeBytes }))
    : packRows(shuffle, sizes, aimOf(plan, index + 1, sizes));
};

/** The transposed index, task by task: the partitions of each, and where they lie in each block. */
function* cutNextTasks(packs: readonly PartitionPack[], commits: readonly Commit[]): Generator<Task> {
  for (const [task, pack] of packs.entries())
    yield cutPartitionTask(commits, pack, { task: renderTaskId(task), weightBytes: pack.sizeBytes });
}

/** How many tasks a stage is to have, by the plan, and by what there is to read. */
const aimOf = ({ stages, taskBytes }: Plan, index: number, sizes: readonly number[]): number => {
  const planned = stages[index]?.tasks ?? 1;
  if (taskBytes === undefined) return planned;
  return countTasks(
    sizes.reduce((sum, size) => sum + size, 0),
    taskBytes,
    planned,
  );
};

/** Rows that no key keeps together, as those of a sort, stay in one task. */
const packRows = ({ by }: Shuffle, sizes: readonly number[], tasks: number): readonly PartitionPack[] =>
  by.length === 0 ? packPartitions(sizes, tasks) : packByKeys(sizes, tasks);

/** The block that a commit means, by its size: cheap enough for every block of a stage. */
const requireBlock = async (store: ObjectStore, commit: Commit): Promise<void> => {
  const key = renderBlockKey({ ...commit, format: commit.block.format });
  const facts = await store.head(key);
  if (facts === undefined) throw new BlockMissingError({ key, task: commit.task });
  if (facts.sizeBytes !== commit.block.sizeBytes) {
    throw new BlockCorruptError({
      key,
      found: `${facts.sizeBytes} bytes`,
      expected: `${commit.block.sizeBytes} bytes`,
    });
  }
};
