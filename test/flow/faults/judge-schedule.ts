/** Judges a schedule against the undisturbed job: the same bytes where the plan is the same, else the same rows. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '../../../functions/contract/report.ts';
import { judgeConservation, judgeHandover } from '../../../functions/core/judge-conservation.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import { outputRows } from '../job-folder.ts';
import { type PreparedJob, prepareJob } from './jobs.ts';
import { type Played, playSchedule } from './run-schedule.ts';
import { JOB_KINDS, type JobKind, type Schedule } from './schedule.ts';

type Rows = Awaited<ReturnType<typeof outputRows>>;
type Reference = { readonly played: Played; readonly rows: Rows };

export type Prepared = {
  readonly jobs: Readonly<Record<JobKind, PreparedJob>>;
  readonly references: Readonly<Record<JobKind, Reference>>;
  /** Of the undisturbed jobs. */
  readonly operations: Readonly<Record<JobKind, number>>;
};

/** `problem` is undefined where all laws held; `seen` says what happened, for a tally. */
export type Verdict = { readonly problem: string | undefined; readonly seen: readonly string[] };

const UNDISTURBED: Omit<Schedule, 'job'> = {
  ...{ seed: 0, runners: 1, lanes: 1, delivery: 'once', orphansLive: false, faults: [] },
};

/** Plans the jobs, and runs each once without a fault. */
export const prepareSchedules = async (folder: string): Promise<Prepared> => {
  const scratchDir = await mkdtemp(join(folder, 'scratch-'));
  const context = {
    store: await openFileStore(join(folder, 'planning')),
    now: () => new Date(),
    newAttempt: () => '0'.repeat(24),
    scratchDir,
    resources: { threads: 1, memoryBytes: 256e6 },
    signal: new AbortController().signal,
    onProgress: () => {},
  };
  const [jobs, references, operations] = [new Map(), new Map(), new Map()];
  await mkdir(join(folder, 'jobs'));
  for (const kind of JOB_KINDS) {
    const job = await prepareJob(context, kind, join(folder, 'jobs'));
    const played = await playSchedule(folder, job, { ...UNDISTURBED, job: kind });
    if (played.manifest === undefined) throw new Error(`the undisturbed job ${kind} published nothing`);
    references.set(kind, { played, rows: await outputRows(job.output) });
    await rm(job.output, { recursive: true });
    jobs.set(kind, job);
    operations.set(kind, played.operations);
  }
  const recordOf = <Value>(map: Map<JobKind, Value>): Readonly<Record<JobKind, Value>> =>
    Object.fromEntries(map) as Record<JobKind, Value>;
  return { jobs: recordOf(jobs), references: recordOf(references), operations: recordOf(operations) };
};

/** Plays a schedule and judges what came of it. */
export const judgeSchedule = async (
  folder: string,
  { jobs, references }: Prepared,
  schedule: Schedule,
): Promise<Verdict> => {
  const job = jobs[schedule.job];
  try {
    const played = await playSchedule(folder, job, schedule);
    return {
      problem: await findProblem(job, played, references[schedule.job]),
      seen: seenOf(schedule, played),
    };
  } catch (error) {
    return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error), seen: [] };
  } finally {
    await rm(job.output, { recursive: true, force: true });
  }
};

const seenOf = (
  { job, faults }: Schedule,
  { manifest, failures, operations, runs }: Played,
): readonly string[] => [
  manifest === undefined ? 'ended with a named error' : 'published',
  `a job: ${job}`,
  // One behind the last operation never happens.
  ...faults.filter(({ at }) => at <= operations).map(({ kind }) => kind),
  ...(failures.length > 0 ? ['stopped and resumed'] : []),
  ...failures.map(({ name }) => `a runner was told: ${name}`),
  ...(runs === '0001' ? [] : ['in a later run']),
];

const findProblem = async (
  { output }: PreparedJob,
  { manifest, report, isWantedPlan }: Played,
  reference: Reference,
): Promise<string | undefined> => {
  // Lost behind the outcome: `isOver` lets that alone end without an output.
  if (manifest === undefined) return undefined;
  if (report === undefined) return 'it is published without a report';
  const uneven = findUneven(report);
  if (uneven !== undefined) return uneven;
  if (!isWantedPlan) {
    const rows = await outputRows(output);
    return isSame(rows, reference.rows)
      ? undefined
      : `${rows.length} rows, and not those of the undisturbed job`;
  }
  const expected = reference.played.manifest;
  if (!isSame(manifest.parts, expected?.parts))
    return 'the parts have other bytes than those of the undisturbed job';
  if (!isSame(manifest.rejects, expected?.rejects)) return 'the rejects are not those of the undisturbed job';
  if (!isSame(manifest.counts, expected?.counts)) return `it counted ${JSON.stringify(manifest.counts)}`;
  if (!isSame(stagesOf(report), stagesOf(reference.played.report)))
    return `its stages counted ${JSON.stringify(stagesOf(report))}`;
  return undefined;
};

const stagesOf = (report: Report | undefined) =>
  report?.stages.map(({ stage, tasks, counts, steps }) => ({ stage, tasks, counts, steps }));

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Every row of every stage is somewhere. */
const findUneven = ({ stages }: Report): string | undefined => {
  for (const [index, { stage, counts }] of stages.entries()) {
    const own = judgeConservation(counts);
    if (!own.isConserved) return `${stage}: ${own.sentence}`;
    const before = stages[index - 1];
    const handover = before === undefined ? undefined : judgeHandover(before.counts, counts);
    if (handover?.isConserved === false) return `${stage}: ${handover.sentence}`;
  }
  return undefined;
};
