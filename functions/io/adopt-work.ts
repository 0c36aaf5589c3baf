import type { Commit } from '../contract/commit.ts';
import { parentTaskId } from '../contract/ids.ts';
import { renderBlockKey } from '../contract/keys.ts';
import type { PlanHeader } from '../contract/plan-header.ts';
import type { StageStanding } from '../core/decide-run.ts';
import { commitAttempt, listCommits, listSealedCommits } from './commit-attempt.ts';
import { mapBounded } from './map-bounded.ts';
import type { ObjectStore } from './object-store.ts';
import { listAmendments, putAmendment, putSealed, readSealed } from './seal-stage.ts';

/** Small requests at once; see commit-attempt. */
const MAX_REQUESTS = 16;

/** Whether the block that a commit means is there in full length. Its bytes are judged by who reads them. */
const isBlockPresent = async (store: ObjectStore, commit: Commit): Promise<boolean> => {
  const { job, run, stage, task, attempt, block } = commit;
  const facts = await store.head(renderBlockKey({ job, run, stage, task, attempt, format: block.format }));
  return facts?.sizeBytes === block.sizeBytes;
};

/** What stands of each stage of a run, in order, for the next run to adopt. */
export const inspectStages = async (
  store: ObjectStore,
  plan: PlanHeader,
): Promise<readonly StageStanding[]> => {
  const standings: StageStanding[] = [];
  for (const stage of plan.stageIds) standings.push(await inspectStage(store, plan, stage));
  return standings;
};

const inspectStage = async (store: ObjectStore, plan: PlanHeader, stage: string): Promise<StageStanding> => {
  const ids = { job: plan.job, run: plan.run, stage };
  const sealed = await readSealed(store, ids);
  const amendments = sealed?.amendments ?? (await listAmendments(store, ids)).length;
  if (sealed === undefined || sealed.missing.length > 0) {
    return { stage, isSealed: false, isPresent: false, amendments };
  }
  const commits = await listSealedCommits(store, sealed);
  const present = await mapBounded(commits, MAX_REQUESTS, (commit) => isBlockPresent(store, commit));
  return { stage, isSealed: true, isPresent: present.every(Boolean), amendments };
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
    if (isKnown && (await isBlockPresent(store, commit))) await commitAttempt(store, commit, run);
  });
};
