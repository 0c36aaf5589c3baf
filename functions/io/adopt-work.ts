import type { CommitFacts } from '../contract/commit.ts';
import type { Counts } from '../contract/counts.ts';
import { parentTaskId } from '../contract/ids.ts';
import { KEYS, renderBlockKey } from '../contract/keys.ts';
import type { PlanHeader, RejectLimit } from '../contract/plan-header.ts';
import type { Sealed } from '../contract/sealed.ts';
import type { StageStanding } from '../core/decide-run.ts';
import { isWithinLimit, sumRejects } from '../core/judge-rejects.ts';
import { commitAttempt, listCommits, listSealedFacts } from './commit-attempt.ts';
import { mapBounded } from './map-bounded.ts';
import type { ObjectStore } from './object-store.ts';
import { listAmendments, putAmendment, putSealed, readSealed } from './seal-stage.ts';

/** Small requests at once; see commit-attempt. */
const MAX_REQUESTS = 16;

/** Whether an object is there in full length. Its bytes are judged by who reads them. */
const isInFull = async (store: ObjectStore, key: string, sizeBytes: number): Promise<boolean> =>
  (await store.head(key))?.sizeBytes === sizeBytes;

const isBlockPresent = (store: ObjectStore, commit: CommitFacts): Promise<boolean> => {
  const { job, run, stage, task, attempt, block } = commit;
  const key = renderBlockKey({ job, run, stage, task, attempt, format: block.format });
  return isInFull(store, key, block.sizeBytes);
};

/** Rejects are kept as long as the job: they are published with whatever run ends it. */
const areRejectsPresent = async (store: ObjectStore, commit: CommitFacts): Promise<boolean> => {
  const { job, run, stage, task, attempt, rejects } = commit;
  if (rejects === undefined) return true;
  const key = KEYS.rejects.render({ job, run, stage, task, attempt, format: rejects.format });
  return isInFull(store, key, rejects.sizeBytes);
};

/**
 * What stands of each stage of a run, in order, for the next run to adopt. A seal does not stand that has let pass
 * more rejects than the next run may have.
 */
export const inspectStages = async (
  store: ObjectStore,
  plan: PlanHeader,
  limit?: RejectLimit,
): Promise<readonly StageStanding[]> => {
  const standings: StageStanding[] = [];
  const counts: Counts[] = [];
  for (const stage of plan.stageIds) {
    const ids = { job: plan.job, run: plan.run, stage };
    const sealed = await readSealed(store, ids);
    if (sealed !== undefined) counts.push(sealed.totals.counts);
    const isWithin = limit === undefined || isWithinLimit(limit, sumRejects(counts));
    standings.push(
      sealed === undefined || sealed.missing.length > 0 || !isWithin
        ? {
            stage,
            isSealed: false,
            isPresent: false,
            hasModuleRejects: false,
            amendments: sealed?.amendments ?? (await listAmendments(store, ids)).length,
          }
        : await inspectSealed(store, sealed),
    );
  }
  return standings;
};

const inspectSealed = async (store: ObjectStore, sealed: Sealed): Promise<StageStanding> => {
  const commits = await listSealedFacts(store, sealed);
  const every = async (isThere: typeof isBlockPresent): Promise<boolean> =>
    (await mapBounded(commits, MAX_REQUESTS, (commit) => isThere(store, commit))).every(Boolean);
  return {
    stage: sealed.stage,
    // Without its rejects a stage has to run again, whatever stands of those after it.
    isSealed: await every(areRejectsPresent),
    isPresent: await every(isBlockPresent),
    hasModuleRejects: commits.some(hasModuleRejects),
    amendments: sealed.amendments,
  };
};

/**
 * Puts under the run's own names what its plan says that it adopts: seals, the amendments of the open stage,
 * then its commits whose blocks are there. Every object keeps the run whose block it means.
 */
export const adoptWork = async (store: ObjectStore, plan: PlanHeader): Promise<void> => {
  if (plan.adopted === undefined) return;
  const { run: from, sealed: stages, open } = plan.adopted;
  const { job, run } = plan;
  for (const stage of stages) {
    const sealed = await readSealed(store, { job, run: from, stage });
    // Gone with its job's other objects: then the stage is open in this run, and runs again.
    if (sealed !== undefined) await putSealed(store, sealed, run);
  }
  if (open === undefined) return;
  // A stage that is open again because a block is gone stands under the run that sealed it.
  const sealed = await readSealed(store, { job, run: from, stage: open.stage });
  const source = { job, run: sealed?.run ?? from, stage: open.stage };
  const amendments = (await listAmendments(store, source)).slice(0, open.amendments);
  for (const [k, amendment] of amendments.entries()) await putAmendment(store, { k, run }, amendment);
  // A later amendment of the earlier run may name a task as a later one of this run does, and mean another.
  const named = new Set(amendments.flatMap(({ tasks }) => tasks.map(({ task }) => task)));
  await mapBounded(await listCommits(store, source), MAX_REQUESTS, async (commit) => {
    const isKnown = parentTaskId(commit.task) === undefined || named.has(commit.task);
    if (!isKnown || (open.withoutModuleRejects === true && hasModuleRejects(commit))) return;
    const isThere = (await isBlockPresent(store, commit)) && (await areRejectsPresent(store, commit));
    if (isThere) await commitAttempt(store, commit, run);
  });
};

/** A commit that does not say whose its rejects are may have some of a module. */
const hasModuleRejects = ({ rejects }: CommitFacts): boolean =>
  rejects !== undefined && rejects.summary?.ofModules !== 0;
