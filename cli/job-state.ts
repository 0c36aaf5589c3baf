import type { Claim } from '../functions/contract/claim.ts';
import { JobNotFoundError } from '../functions/contract/errors-store.ts';
import { isId } from '../functions/contract/ids.ts';
import { Job } from '../functions/contract/job.ts';
import { KEYS } from '../functions/contract/keys.ts';
import type { Halt, Outcome } from '../functions/contract/outcome.ts';
import type { Plan } from '../functions/contract/plan.ts';
import { Report } from '../functions/contract/report.ts';
import { Running } from '../functions/contract/running.ts';
import { listCommits } from '../functions/io/commit-attempt.ts';
import { readHalt } from '../functions/io/halt.ts';
import type { ObjectStore } from '../functions/io/object-store.ts';
import { readCurrentRun } from '../functions/io/open-run.ts';
import { readState } from '../functions/io/put-once.ts';
import { readSealed } from '../functions/io/seal-stage.ts';
import { parsePlan } from './parse-plan.ts';
import { isAlive, thisHost } from './workdir.ts';

export type StageState = {
  readonly stage: string;
  readonly tasks: number;
  readonly committed: number;
  readonly isSealed: boolean;
};

/** `interrupted`: no outcome, and nobody works on it; `daybreak resume` goes on. */
export type JobWord = Outcome['kind'] | 'publishing' | 'running' | 'cancelling' | 'interrupted';

export type JobState = {
  readonly job: Job;
  readonly plan: Plan | undefined;
  readonly outcome: Outcome | undefined;
  readonly halt: Halt | undefined;
  readonly running: readonly Running[];
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
export const readJobState = async (store: ObjectStore, id: string): Promise<JobState> => {
  const job = await readJob(store, id);
  const current = await readCurrentRun(store, id);
  const report = await readReport(store, id);
  const facts = { job, report, outcome: current?.outcome };
  if (current === undefined) {
    const word = report?.outcome ?? 'interrupted';
    return { ...facts, plan: undefined, halt: undefined, running: [], stages: [], word };
  }
  const plan = parsePlan(current.plan);
  const running = await listRunning(store, plan);
  const halt = await readHalt(store, plan);
  const stages = await Promise.all(
    plan.stageIds.map((stage, index) => readStage(store, plan, { stage, index })),
  );
  const word = wordOf({ outcome: current.outcome, report, halt, isRunning: running.length > 0 });
  return { ...facts, plan, halt, running, stages, word };
};

const wordOf = (facts: {
  readonly outcome: Outcome | undefined;
  readonly report: Report | undefined;
  readonly halt: Halt | undefined;
  readonly isRunning: boolean;
}): JobWord => {
  const { outcome, report, isRunning } = facts;
  if (outcome?.kind === 'published' && report?.outcome !== 'published') {
    return isRunning ? 'publishing' : 'interrupted';
  }
  if (outcome !== undefined) return outcome.kind;
  if (!isRunning) return 'interrupted';
  return facts.halt === undefined ? 'running' : 'cancelling';
};

const readReport = (store: ObjectStore, job: string): Promise<Report | undefined> =>
  readState(store, { key: KEYS.report.render({ job }), schema: Report });

const readStage = async (
  store: ObjectStore,
  plan: Plan,
  { stage, index }: { readonly stage: string; readonly index: number },
): Promise<StageState> => {
  const ids = { job: plan.job, run: plan.run, stage };
  const [sealed, commits] = await Promise.all([readSealed(store, ids), listCommits(store, ids)]);
  return {
    stage,
    tasks: plan.stages[index]?.tasks ?? 0,
    committed: sealed?.commits.length ?? commits.length,
    isSealed: sealed !== undefined,
  };
};

/** Who works on the run. A record whose process is gone was left by a death; of another machine it counts. */
const listRunning = async (store: ObjectStore, plan: Plan): Promise<readonly Running[]> => {
  const found: Running[] = [];
  for await (const { key } of store.list(KEYS.running.prefix({ job: plan.job, run: plan.run }))) {
    const running = await readState(store, { key, schema: Running });
    if (running !== undefined && (running.host !== thisHost() || isAlive(running.pid))) found.push(running);
  }
  return found;
};

/** The ids of all jobs of a work folder, oldest name first. */
export const listJobs = async (store: ObjectStore): Promise<readonly string[]> => {
  const jobs = new Set<string>();
  for await (const { key } of store.list('jobs/')) {
    const ids = KEYS.job.parse(key);
    if (ids !== undefined) jobs.add(ids.job);
  }
  return [...jobs];
};

/**
 * Whether a job that claimed an output can no longer publish into it. Undefined for one that this work folder does
 * not know, submission included: it may belong to another one and be at work.
 */
export const hasJobEnded = async (store: ObjectStore, { job, at }: Claim): Promise<boolean | undefined> => {
  const known = await readState(store, { key: KEYS.job.render({ job }), schema: Job });
  if (known?.submittedAt !== at) return undefined;
  const { word } = await readJobState(store, job);
  return (
    word === 'published' ||
    word === 'partial' ||
    word === 'cancelled' ||
    word === 'failed' ||
    word === 'refused'
  );
};
