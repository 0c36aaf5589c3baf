import { UsageError } from '../../functions/contract/errors-command.ts';
import { StateError } from '../../functions/contract/errors-store.ts';
import { renderCount } from '../../functions/core/render-units.ts';
import { cancelJob } from '../../functions/stages/cancel-job.ts';
import {
  type JobState,
  type JobWorld,
  listJobs,
  readJobState,
} from '../../functions/stages/read-job-state.ts';
import { workdirOf } from '../options.ts';
import { renderPreview } from '../render-preview.ts';
import { renderPageHint, renderReport } from '../render-report.ts';
import { renderTable } from '../render-table.ts';
import { writeReportPage } from '../report-page/write-report-page.ts';
import { openStore } from '../workdir.ts';
import { openJobWorld } from '../world.ts';

export type JobOptions = { readonly workdir?: string; readonly json?: boolean; readonly show?: number };
export type ReportOptions = JobOptions & { readonly html?: string };

/** The word for a job whose state cannot be read; `daybreak status` says why. */
const UNREADABLE = 'unreadable';

/** An id is copied into the next command: it is never cut. */
const LONGEST_ID = 63;

const openWorld = async (options: JobOptions): Promise<JobWorld> =>
  openJobWorld(await openStore(workdirOf(options)));

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const summaryOf = (state: JobState) => ({
  job: state.job.job,
  name: state.job.spec.name,
  state: state.word,
  run: state.plan?.run,
  submittedAt: state.job.submittedAt,
  deadlineAt: state.job.deadlineAt,
  rows: state.report?.rows,
  output: state.job.spec.output.uri,
});

type Listed = { readonly states: readonly JobState[]; readonly unreadable: readonly string[] };

/** One job that is damaged, or of another version, hides no other. */
const readAll = async (world: JobWorld): Promise<Listed> => {
  const states: JobState[] = [];
  const unreadable: string[] = [];
  for (const job of await listJobs(world.store)) {
    try {
      states.push(await readJobState(world, job));
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      unreadable.push(job);
    }
  }
  states.sort((left, right) => (left.job.submittedAt < right.job.submittedAt ? 1 : -1));
  return { states, unreadable };
};

/** `daybreak jobs`: the jobs of the work folder, newest first. */
export const jobs = async (options: JobOptions): Promise<void> => {
  const workdir = workdirOf(options);
  const { states, unreadable } = await readAll(await openWorld(options));
  if (options.json === true) {
    const damaged = unreadable.map((job) => ({ job, state: UNREADABLE }));
    return print(JSON.stringify([...states.map(summaryOf), ...damaged]));
  }
  if (states.length + unreadable.length === 0) return print(`no jobs in ${workdir}`);
  print(
    renderTable({
      header: ['job', 'state', 'submitted', 'read', 'written'],
      right: new Set([3, 4]),
      widestCell: LONGEST_ID,
      rows: [...states.map(rowOf), ...unreadable.map((job) => [job, UNREADABLE, '', '', ''])],
    }),
  );
};

const rowOf = ({ job, word, report }: JobState): readonly string[] => [
  job.job,
  word,
  job.submittedAt.slice(0, 19),
  report === undefined ? '' : renderCount(report.rows.read),
  report === undefined ? '' : renderCount(report.rows.written),
];

/** `daybreak status`: where a job is. */
export const status = async (id: string, options: JobOptions): Promise<void> => {
  const state = await readJobState(await openWorld(options), id);
  if (options.json === true) {
    return print(JSON.stringify({ ...summaryOf(state), stages: state.stages, outcome: state.outcome }));
  }
  print(`job ${state.job.job}: ${state.word}`);
  if (state.word === 'interrupted') print(`nobody works on it; \`daybreak resume ${state.job.job}\` goes on`);
  for (const { stage, tasks, committed, isSealed } of state.stages) {
    print(
      `  ${stage}: ${committed} of ${tasks} ${tasks === 1 ? 'task' : 'tasks'} done${isSealed ? ', sealed' : ''}`,
    );
  }
  const failure = state.outcome?.failure ?? state.report?.failure;
  if (failure !== undefined) print(`${failure.name}: ${failure.message}`);
};

/** `daybreak report`: how a job ended, in numbers; with `--html` as a page. */
export const report = async (id: string, options: ReportOptions): Promise<void> => {
  const world = await openWorld(options);
  const state = await readJobState(world, id);
  if (state.report === undefined) {
    throw new UsageError(
      `the job ${id} is ${state.word} and has no report yet; \`daybreak status ${id}\` shows where it is`,
    );
  }
  if (options.html !== undefined) {
    await writeReportPage(world.store, { ...state, report: state.report }, options.html);
  }
  if (options.json === true) return print(JSON.stringify(state.report));
  const isThere = state.report.outcome === 'published' || state.report.outcome === 'partial';
  if ((options.show ?? 0) > 0 && isThere) print(`${await renderPreview(state.report, options.show ?? 0)}\n`);
  print(renderReport(state.report));
  print(options.html === undefined ? `\n${renderPageHint(id)}` : `\nthe page is in ${options.html}`);
};

/** `daybreak cancel`: ends a job; the output is free for others afterwards. */
export const cancel = async (id: string, options: JobOptions): Promise<void> => {
  const world = await openWorld(options);
  print(await cancelJob({ ...world, now: () => new Date() }, await readJobState(world, id)));
};
