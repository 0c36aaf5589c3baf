import type { Claim } from '../contract/claim.ts';
import { JobNotFoundError } from '../contract/errors-store.ts';
import { isId } from '../contract/ids.ts';
import { Job } from '../contract/job.ts';
import { KEYS } from '../contract/keys.ts';
import type { Halt, Outcome } from '../contract/outcome.ts';
import type { Plan } from '../contract/plan.ts';
import { Report } from '../contract/report.ts';
import { readHalt } from '../io/halt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { readCurrentRun } from '../io/open-run.ts';
import { readState } from '../io/put-once.ts';
import { parsePlan } from './parse-plan.ts';
import { readStageState, type StageState } from './read-stage-state.ts';

/** `interrupted`: no outcome, and nobody works on it; `daybreak resume` goes on. `waiting`: for others to end. */
export type JobWord = Outcome['kind'] | 'waiting' | 'publishing' | 'running' | 'cancelling' | 'interrupted';

/** Whether somebody works on a job, or will: processes on one machine, executions and their queue in the cloud. */
export type Presence = 'working' | 'waiting' | 'nobody';

/** The store that jobs are in, and who works on them. */
export type JobWorld = {
  readonly store: ObjectStore;
  /** `run` is absent before one is open. */
  readonly findPresence: (job: { readonly job: string; readonly run?: string }) => Promise<Presence>;
};

export type JobState = {
  readonly job: Job;
  readonly plan: Plan | undefined;
  readonly outcome: Outcome | undefined;
  readonly halt: Halt | undefined;
  readonly stages: readonly StageState[];
  readonly report: Report | undefined;
  readonly word: JobWord;
};

/** `job.json`. Fails with JobNotFoundError. */
export const readJob = async (store: ObjectStore, job: string): Promise<Job> => {
  const found = isId('job', job)
    ? await readState(store, { key: KEYS.job.render({ job }), schema: Job })
    : undefined;
  if (found === undefined) throw new JobNotFoundError(job);
  return found;
};

/** All that the store knows of a job. Fails with JobNotFoundError. */
export const readJobState = async ({ store, findPresence }: JobWorld, id: string): Promise<JobState> => {
  const job = await readJob(store, id);
  const current = await readCurrentRun(store, id);
  const report = await readReport(store, id);
  const facts = { job, report, outcome: current?.outcome };
  if (current === undefined) {
    const presence = report === undefined ? await findPresence({ job: id }) : 'nobody';
    const word = report?.outcome ?? WORDS_OF_PRESENCE[presence];
    return { ...facts, plan: undefined, halt: undefined, stages: [], word };
  }
  const plan = parsePlan(current.plan);
  const presence = await findPresence(plan);
  const halt = await readHalt(store, plan);
  const stages = await Promise.all(plan.stageIds.map((_, index) => readStageState(store, plan, index)));
  const word = wordOf({ outcome: current.outcome, report, halt, presence });
  return { ...facts, plan, halt, stages, word };
};

const WORDS_OF_PRESENCE = { working: 'running', waiting: 'waiting', nobody: 'interrupted' } as const;

const wordOf = (facts: {
  readonly outcome: Outcome | undefined;
  readonly report: Report | undefined;
  readonly halt: Halt | undefined;
  readonly presence: Presence;
}): JobWord => {
  const { outcome, report, presence } = facts;
  if (presence === 'waiting' && outcome?.kind !== 'published') return 'waiting';
  if (outcome?.kind === 'published' && report?.outcome !== 'published') {
    return presence === 'nobody' ? 'interrupted' : 'publishing';
  }
  if (outcome !== undefined) return outcome.kind;
  if (presence !== 'working') return WORDS_OF_PRESENCE[presence];
  return facts.halt === undefined ? 'running' : 'cancelling';
};

export const readReport = (store: ObjectStore, job: string): Promise<Report | undefined> =>
  readState(store, { key: KEYS.report.render({ job }), schema: Report });

/** The ids of all jobs of a store, in their bytewise order. */
export const listJobs = async (store: ObjectStore): Promise<readonly string[]> => {
  const jobs: string[] = [];
  for await (const name of store.listFolders('jobs/')) if (isId('job', name)) jobs.push(name);
  return jobs;
};

const ENDED: ReadonlySet<JobWord> = new Set(['published', 'partial', 'cancelled', 'failed', 'refused']);

/**
 * Whether a job that claimed an output can no longer publish into it. Undefined for one that this store does
 * not know, submission included: it may belong to another one and be at work.
 */
export const hasJobEnded = async (world: JobWorld, { job, at }: Claim): Promise<boolean | undefined> => {
  const known = await readState(world.store, { key: KEYS.job.render({ job }), schema: Job });
  if (known?.submittedAt !== at) return undefined;
  return ENDED.has((await readJobState(world, job)).word);
};
