import type { Carried, Commit } from '../contract/commit.ts';
import type { Counts } from '../contract/counts.ts';
import {
  BlockCorruptError,
  BlockMissingError,
  ConservationError,
  StateError,
} from '../contract/errors-store.ts';
import type { StageIds } from '../contract/ids.ts';
import { KEYS, renderBlockKey } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import type { Sealed } from '../contract/sealed.ts';
import type { Task } from '../contract/task.ts';
import { amendSlices } from '../core/amend-slices.ts';
import { cutNextTasks } from '../core/cut-next-tasks.ts';
import { addCounts, judgeConservation, judgeHandover } from '../core/judge-conservation.ts';
import { judgeReading } from '../core/judge-reading.ts';
import { mapBounded } from '../io/map-bounded.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { putAmendment, putSealed, readSealed } from '../io/seal-stage.ts';
import { amendBehindPilot } from './infer/amend-behind-pilot.ts';
import { putTasks } from './put-tasks.ts';
import { readBlocksBefore } from './read-blocks-before.ts';
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
  const found = seen ?? (await readStage(store, plan, position));
  const { tasks, amendments, done, missing } = found;
  if (missing.length > 0) {
    throw new StateError({ key: KEYS.sealed.render(stage), problem: `no commit of ${missing.join(', ')}` });
  }
  if (found.waiting.length > 0) {
    return { kind: 'amended', reason: await amendBehindPilot(context, plan, { position, standing: found }) };
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
  // Of tasks as seal cuts them there is nothing to prove; those in the place of others were cut elsewhere.
  if (amendments > 0 && index > 0) await requireReading(store, plan, { index, tasks });
  await requireRejects(store, plan, { index, counts, done });
  const attempt = context.newAttempt();
  const next = cutNextTasks(plan, index, done);
  // A list of no tasks too: a model has nothing to do where there are no rows, and the stage behind it is sealed all the same.
  if (planned.shuffle !== undefined)
    await putTasks(context, KEYS.index.render({ ...stage, attempt }), next.tasks);
  const { chosen } = await putSealed(store, {
    ...stage,
    attempt,
    commits: done.map(({ task, run, attempt: chosenAttempt }) => [task, run, chosenAttempt]),
    missing: [],
    amendments,
    nextTasks: next.count,
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

const requireReading = async (
  store: ObjectStore,
  plan: Plan,
  { index, tasks }: { readonly index: number; readonly tasks: readonly Task[] },
): Promise<void> => {
  const sentence = judgeReading(tasks, await readBlocksBefore(store, plan, index));
  if (sentence !== undefined)
    throw new ConservationError({ where: `stage ${plan.stageIds[index]}`, sentence });
};

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
