import { NoReportError } from '../../functions/contract/errors-cloud.ts';
import { UsageError } from '../../functions/contract/errors-command.ts';
import { EXIT_CODES } from '../../functions/contract/failures.ts';
import { renderCount } from '../../functions/core/render-units.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { cancelJob } from '../../functions/stages/cancel-job.ts';
import { failureOf, type JobSummary, statusOf, summarizeJobs } from '../../functions/stages/describe-job.ts';
import { listJobs, readJobFacts, readJobState } from '../../functions/stages/read-job-state.ts';
import type { PlaceOptions } from '../cloud/place-options.ts';
import { findJobId } from '../find-job.ts';
import { openPlace } from '../place.ts';
import { renderPreview } from '../render-preview.ts';
import { renderRejectMessages } from '../render-rejects.ts';
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
export const status = async (given: string, options: JobOptions): Promise<void> => {
  const { world, hint } = await openPlace(options);
  const state = await readJobState(world, await findJobId(world.store, given));
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
  if (failure === undefined) return;
  print(`${failure.name}: ${failure.message}`);
  await printRejectMessages(world.store, failure.rejects);
};

/** What the functions of the job said of the rows that ended it, where that lies on this machine. */
const printRejectMessages = async (store: ObjectStore, key: string | undefined): Promise<void> => {
  if (key === undefined) return;
  for (const line of await renderRejectMessages(store, key)) print(`  ${line}`);
};

/** `daybreak report`: how a job ended, in numbers; with `--html` as a page. */
export const report = async (given: string, options: ReportOptions): Promise<void> => {
  const { world, cloud, hint } = await openPlace(options);
  const id = await findJobId(world.store, given);
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
  if (options.html !== undefined) return print(`the page of ${id} is in ${options.html}`);
  print(renderReport(state.report));
  await printRejectMessages(world.store, state.report.failure?.rejects);
  print(`\n${hint(renderPageHint(id))}`);
};

/** `daybreak cancel`: ends a job; the output is free for others afterwards. Ends as refused where it had ended before. */
export const cancel = async (given: string, options: JobOptions): Promise<void> => {
  const { world, hint } = await openPlace(options);
  const id = await findJobId(world.store, given);
  const sentence = hint(await cancelJob(world, await readJobFacts(world, id)));
  const { word } = await readJobFacts(world, id);
  if (word === 'cancelled' || word === 'cancelling' || word === 'running') return print(sentence);
  process.stderr.write(`${sentence}\n`);
  process.exitCode = EXIT_CODES.refused;
};
