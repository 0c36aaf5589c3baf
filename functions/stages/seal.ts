import type { Commit } from '../contract/commit.ts';
import { TooManyRejectsError } from '../contract/errors-input.ts';
import {
  BlockCorruptError,
  BlockMissingError,
  ConservationError,
  StateError,
} from '../contract/errors-store.ts';
import { renderTaskId, type StageIds } from '../contract/ids.ts';
import { KEYS, renderBlockKey } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import type { Sealed } from '../contract/sealed.ts';
import { addCounts, judgeConservation } from '../core/judge-conservation.ts';
import { isWithinStageLimit, renderRejectLimit } from '../core/judge-rejects.ts';
import { reconcileCommits } from '../core/reconcile-commits.ts';
import { listCommits } from '../io/commit-attempt.ts';
import { mapBounded } from '../io/map-bounded.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { listAmendments, putSealed, readSealed } from '../io/seal-stage.ts';
import type { StageContext } from './stage-context.ts';

/** A request each; as many as one client keeps open to S3. */
const MAX_HEADS = 16;

/** Where a stage stands in its plan. */
export type StagePosition = StageIds & { readonly index: number };

/**
 * Ends a stage: every task has its commit, every block is there, the rows add up. An attempt like any other:
 * of two at once one is chosen, and both return that one.
 *
 * Fails with StateError where a task is missing, BlockMissingError, BlockCorruptError, ConservationError,
 * TooManyRejectsError.
 */
export const seal = async (context: StageContext, plan: Plan, position: StagePosition): Promise<Sealed> => {
  const { store } = context;
  const { index, ...stage } = position;
  const standing = await readSealed(store, stage);
  if (standing !== undefined) return standing;
  const planned = plan.stages[index];
  if (planned === undefined) throw new Error(`the plan has no stage ${index}`);
  const amendments = await listAmendments(store, stage);
  const { done, missing } = reconcileCommits({
    where: KEYS.sealed.render(stage),
    tasks: Array.from({ length: planned.tasks }, (_, task) => renderTaskId(task)),
    amendments,
    commits: await listCommits(store, stage),
  });
  if (missing.length > 0) {
    throw new StateError({ key: KEYS.sealed.render(stage), problem: `no commit of ${missing.join(', ')}` });
  }
  await mapBounded(done, MAX_HEADS, (commit) => requireBlock(store, commit));
  const counts = addCounts(done.map((commit) => commit.counts));
  const { isConserved, sentence } = judgeConservation(counts);
  if (!isConserved) throw new ConservationError({ where: `stage ${stage.stage}`, sentence });
  if (!isWithinStageLimit(plan.rejectLimit, counts)) {
    throw new TooManyRejectsError({
      rejects: counts.rejected,
      rows: counts.read,
      limit: renderRejectLimit(plan.rejectLimit),
    });
  }
  const { chosen } = await putSealed(store, {
    ...stage,
    attempt: context.newAttempt(),
    commits: done.map(({ task, run, attempt }) => [task, run, attempt]),
    missing: [],
    amendments: amendments.length,
    nextTasks: plan.stages[index + 1]?.tasks ?? 0,
    totals: {
      rows: counts.written,
      sizeBytes: done.reduce((bytes, commit) => bytes + commit.block.sizeBytes, 0),
      counts,
    },
    formats: plan.formats,
    sealedAt: context.now().toISOString(),
  });
  return chosen;
};

/** The block that a commit means, by its size: cheap enough for every block of a stage. */
export const requireBlock = async (store: ObjectStore, commit: Commit): Promise<void> => {
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
