import type { Claim } from '../contract/claim.ts';
import { JobNotFoundError } from '../contract/errors-store.ts';
import { isId } from '../contract/ids.ts';
import { Job } from '../contract/job.ts';
import { KEYS } from '../contract/keys.ts';
import type { Halt, Outcome } from '../contract/outcome.ts';
import type { Plan } from '../contract/plan.ts';
import { Report } from '../contract/report.ts';
import { comingRun } from '../core/decide-run.ts';
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
  /** Of the run in which the job goes on. */
  readonly halt: Halt | undefined;
  readonly stages: readonly StageState[];
  readonly report: Report | undefined;
  readonly presence: Presence;
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

/** What is known of a job without its stages: few requests, whatever its size. */
export type JobFacts = Omit<JobState, 'stages'>;

/** All that the store knows of a job. Fails with JobNotFoundError. */
export const readJobState = async (world: JobWorld, id: string): Promise<JobState> => {
  const facts = await readJobFacts(world, id);
  const { plan } = facts;
  if (plan === undefined) return { ...facts, stages: [] };
  const stages = await Promise.all(plan.stageIds.map((_, index) => readStageState(world.store, plan, index)));
  return { ...facts, stages };
};

/** Fails with JobNotFoundError. */
export const readJobFacts = async ({ store, findPresence }: JobWorld, id: string): Promise<JobFacts> => {
  const job = await readJob(store, id);
  const [current, report] = await Promise.all([readCurrentRun(store, id), readReport(store, id)]);
  const plan = current === undefined ? undefined : parsePlan(current.plan);
  const run = plan?.run;
  const [presence, halt] = await Promise.all([
    findPresence(run === undefined ? { job: id } : { job: id, run }),
    readHalt(store, { job: id, run: comingRun(current) }),
  ]);
  const facts = { job, report, plan, outcome: current?.outcome, halt, presence };
  return { ...facts, word: wordOf(facts) };
};

const WORDS_OF_PRESENCE = { working: 'running', waiting: 'waiting', nobody: 'interrupted' } as const;

const wordOf = (facts: Pick<JobState, 'plan' | 'outcome' | 'report' | 'halt' | 'presence'>): JobWord => {
  const { plan, outcome, report, halt, presence } = facts;
  if (plan === undefined) {
    // What ended before it had a run may have been asked for again; what was cancelled ends as soon as it is taken.
    const hasEnded = report !== undefined && (presence === 'nobody' || halt !== undefined);
    return hasEnded ? report.outcome : WORDS_OF_PRESENCE[presence];
  }
  if (presence === 'waiting' && outcome?.kind !== 'published')
    return halt === undefined ? 'waiting' : 'cancelling';
  if (outcome?.kind === 'published' && report?.outcome !== 'published') {
    return presence === 'nobody' ? 'interrupted' : 'publishing';
  }
  if (outcome?.kind === 'superseded') return wordOfSuperseded(facts);
  if (outcome !== undefined) return outcome.kind;
  if (presence !== 'working') return WORDS_OF_PRESENCE[presence];
  return halt === undefined ? 'running' : 'cancelling';
};

/** The run is over and the job is not: somebody is about to open the next run, or its report says why nobody could. */
const wordOfSuperseded = ({
  plan,
  report,
  halt,
  presence,
}: Pick<JobState, 'plan' | 'report' | 'halt' | 'presence'>): JobWord => {
  if (presence === 'working') return halt === undefined ? 'running' : 'cancelling';
  const isTold = report !== undefined && report.run === plan?.run;
  return isTold ? report.outcome : WORDS_OF_PRESENCE[presence];
};

export const readReport = (store: ObjectStore, job: string): Promise<Report | undefined> =>
  readState(store, { key: KEYS.report.render({ job }), schema: Report });

/** The ids of all jobs of a store, in their bytewise order. */
export const listJobs = async (store: ObjectStore): Promise<readonly string[]> => {
  const jobs: string[] = [];
  for await (const name of store.listFolders('jobs/')) if (isId('job', name)) jobs.push(name);
  return jobs;
};

/** Whether the publish of a job is finished: its report is the last of it. */
export const hasJobPublished = async (store: ObjectStore, job: string): Promise<boolean> => {
  const outcome = (await readReport(store, job))?.outcome;
  return outcome === 'published' || outcome === 'partial';
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
