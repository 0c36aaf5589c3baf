import { StateError } from '../contract/errors-store.ts';
import { renderRunId } from '../contract/ids.ts';
import type { Job } from '../contract/job.ts';
import { KEYS } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import type { PlanHeader } from '../contract/plan-header.ts';
import { TraceEvent } from '../contract/trace.ts';
import { buildTrace, type ListedCommit, type RunFacts, type StageFacts } from '../core/build-trace.ts';
import { listCommitFacts } from '../io/commit-attempt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { readPlan } from '../io/open-run.ts';
import { readOutcome } from '../io/put-outcome.ts';
import { listAmendments, readSealed } from '../io/seal-stage.ts';
import { parsePlan } from './parse-plan.ts';
import { readTasksKey, readWeights } from './read-tasks.ts';

/** Writes `trace.jsonl` from what stands in the store: all runs of the job, any number of times. */
export const writeTrace = async (store: ObjectStore, job: Job): Promise<void> => {
  const lines = (await traceJob(store, job)).map((event) => `${JSON.stringify(event)}\n`);
  await store.put(KEYS.trace.render(job), new TextEncoder().encode(lines.join('')));
};

/** The trace of a job so far. Fails with StateError where the state does not fit together. */
export const traceJob = async (store: ObjectStore, job: Job): Promise<readonly TraceEvent[]> =>
  buildTrace(job, await readRuns(store, job.job));

/** The lines of `trace.jsonl`; undefined where no run has ended yet. Fails with StateError. */
export const readTrace = async (
  store: ObjectStore,
  job: string,
): Promise<readonly TraceEvent[] | undefined> => {
  const key = KEYS.trace.render({ job });
  const bytes = await store.get(key);
  if (bytes === undefined) return undefined;
  const lines = new TextDecoder().decode(bytes).split('\n');
  if (lines.pop() !== '') throw new StateError({ key, problem: 'its last line has no end' });
  return lines.map((line, index) => parseLine(line, { key, line: index + 1 }));
};

const parseLine = (
  text: string,
  { key, line }: { readonly key: string; readonly line: number },
): TraceEvent => {
  try {
    return TraceEvent.parse(JSON.parse(text));
  } catch (error) {
    throw new StateError({ key, problem: `line ${line} is no event of a trace` }, { cause: error });
  }
};

/** An earlier run that this version cannot read, or whose objects are gone, is left out: it was superseded. */
const readRuns = async (store: ObjectStore, job: string): Promise<readonly RunFacts[]> => {
  const headers = await readHeaders(store, job);
  const runs: RunFacts[] = [];
  for (const [index, header] of headers.entries()) {
    try {
      runs.push(await readRun(store, parsePlan(header)));
    } catch (error) {
      if (!(error instanceof StateError) || index === headers.length - 1) throw error;
    }
  }
  return runs;
};

const readHeaders = async (store: ObjectStore, job: string): Promise<readonly PlanHeader[]> => {
  const headers: PlanHeader[] = [];
  // Runs open one after another without a gap, and a job has few.
  for (let number = 1; ; number += 1) {
    const header = await readPlan(store, job, renderRunId(number));
    if (header === undefined) return headers;
    headers.push(header);
  }
};

const readRun = async (store: ObjectStore, plan: Plan): Promise<RunFacts> => {
  const stages: StageFacts[] = [];
  for (const index of plan.stageIds.keys()) stages.push(await readStage(store, plan, index));
  return { plan, stages, outcome: await readOutcome(store, plan) };
};

const readStage = async (store: ObjectStore, plan: Plan, index: number): Promise<StageFacts> => {
  const ids = { job: plan.job, run: plan.run, stage: plan.stageIds[index] ?? '' };
  const [amendments, sealed] = [await listAmendments(store, ids), await readSealed(store, ids)];
  const commits = await listWithTimes(store, ids);
  return { stage: ids.stage, amendments, sealed, commits, weights: await weightsOf(store, plan, index) };
};

/** Undefined where the list is not there: its runner died before it put it, or the stage before is not sealed. */
const weightsOf = async (store: ObjectStore, plan: Plan, index: number): Promise<StageFacts['weights']> => {
  const key = await readTasksKey(store, plan, index);
  return key === undefined || (await store.head(key)) === undefined ? undefined : readWeights(store, key);
};

const listWithTimes = async (
  store: ObjectStore,
  ids: { readonly job: string; readonly run: string; readonly stage: string },
): Promise<readonly ListedCommit[]> => {
  const times = new Map<string, string>();
  for await (const { key, modifiedAt } of store.list(KEYS.commit.prefix(ids))) {
    const task = KEYS.commit.parse(key)?.task;
    if (task !== undefined) times.set(task, modifiedAt);
  }
  return (await listCommitFacts(store, ids)).flatMap((commit) => {
    const committedAt = times.get(commit.task);
    // A commit that came between the two listings is for the next look.
    return committedAt === undefined ? [] : [{ commit, committedAt }];
  });
};
