import { NoReportError } from '../../functions/contract/errors-cloud.ts';
import { UsageError } from '../../functions/contract/errors-command.ts';
import { renderCount } from '../../functions/core/render-units.ts';
import { cancelJob } from '../../functions/stages/cancel-job.ts';
import { failureOf, type JobSummary, statusOf, summarizeJobs } from '../../functions/stages/describe-job.ts';
import { listJobs, readJobFacts, readJobState } from '../../functions/stages/read-job-state.ts';
import type { PlaceOptions } from '../cloud/place-options.ts';
import { openPlace } from '../place.ts';
import { renderPreview } from '../render-preview.ts';
import { renderPageHint, renderReport } from '../render-report.ts';
import { renderTable } from '../render-table.ts';
import { writeReportPage } from '../report-page/write-report-page.ts';

export type JobOptions = PlaceOptions & { readonly json?: boolean; readonly show?: number };
export type ReportOptions = JobOptions & { readonly html?: string };

/** An id is copied into the next command: it is never cut. */
const LONGEST_ID = 63;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** `daybreak jobs`: the jobs of the work folder or the deployment, newest first; those that cannot be read last. */
export const jobs = async (options: JobOptions): Promise<void> => {
  const place = await openPlace(options);
  const found = await summarizeJobs(await place.openList(), await listJobs(place.world.store));
  const summaries = [...found].sort((left, right) => (submittedAt(left) < submittedAt(right) ? 1 : -1));
  if (options.json === true) return print(JSON.stringify(summaries));
  if (summaries.length === 0) return print(`no jobs in ${place.name}`);
  print(
    renderTable({
      header: ['job', 'state', 'submitted', 'read', 'written'],
      right: new Set([3, 4]),
      widestCell: LONGEST_ID,
      rows: summaries.map(rowOf),
    }),
  );
};

type Listed = Awaited<ReturnType<typeof summarizeJobs>>[number];

const submittedAt = (listed: Listed): string => ('submittedAt' in listed ? listed.submittedAt : '');

const rowOf = (listed: Listed): readonly string[] =>
  'submittedAt' in listed
    ? [listed.job, listed.state, listed.submittedAt.slice(0, 19), ...rowsOf(listed)]
    : [listed.job, listed.state, '', '', ''];

const rowsOf = ({ rows }: JobSummary): readonly string[] =>
  rows === undefined ? ['', ''] : [renderCount(rows.read), renderCount(rows.written)];

/** `daybreak status`: where a job is. */
export const status = async (id: string, options: JobOptions): Promise<void> => {
  const { world, hint } = await openPlace(options);
  const state = await readJobState(world, id);
  if (options.json === true) return print(JSON.stringify(statusOf(state)));
  print(`job ${state.job.job}: ${state.word}`);
  if (state.word === 'interrupted') {
    print(hint(`nobody works on it; \`daybreak resume ${state.job.job}\` goes on`));
  }
  for (const { stage, tasks, committed, isSealed } of state.stages) {
    print(
      `  ${stage}: ${committed} of ${tasks} ${tasks === 1 ? 'task' : 'tasks'} done${isSealed ? ', sealed' : ''}`,
    );
  }
  const failure = failureOf(state);
  if (failure !== undefined) print(`${failure.name}: ${failure.message}`);
};

/** `daybreak report`: how a job ended, in numbers; with `--html` as a page. */
export const report = async (id: string, options: ReportOptions): Promise<void> => {
  const { world, cloud, hint } = await openPlace(options);
  const state = await readJobState(world, id);
  if (state.report === undefined) throw new NoReportError({ job: id, word: state.word });
  if ((options.show ?? 0) > 0 && cloud !== undefined) {
    throw new UsageError(
      `--show reads results on this machine; copy this one with \`aws s3 cp --recursive ${state.report.output.uri} FOLDER\``,
    );
  }
  if (options.html !== undefined) {
    await writeReportPage(world.store, { ...state, report: state.report }, options.html);
  }
  if (options.json === true) return print(JSON.stringify(state.report));
  const isThere = state.report.outcome === 'published' || state.report.outcome === 'partial';
  if ((options.show ?? 0) > 0 && isThere) print(`${await renderPreview(state.report, options.show ?? 0)}\n`);
  print(renderReport(state.report));
  print(options.html === undefined ? `\n${hint(renderPageHint(id))}` : `\nthe page is in ${options.html}`);
};

/** `daybreak cancel`: ends a job; the output is free for others afterwards. */
export const cancel = async (id: string, options: JobOptions): Promise<void> => {
  const { world, hint } = await openPlace(options);
  print(hint(await cancelJob(world, await readJobFacts(world, id))));
};
