import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Commit } from '../../functions/contract/commit.ts';
import { NotBuiltError, UsageError } from '../../functions/contract/errors-command.ts';
import type { Report } from '../../functions/contract/report.ts';
import { listFailureNotes } from '../../functions/io/failure-notes.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { listAmendments } from '../../functions/io/seal-stage.ts';
import { listCountedCommits } from '../../functions/stages/list-counted-commits.ts';
import type { JobState } from '../../functions/stages/read-job-state.ts';
import { readTrace, traceJob } from '../../functions/stages/write-trace.ts';
import { countRejects } from './count-rejects.ts';
import type { StageNotes } from './prepare-attempts.ts';
import { prepareReport, type ReportFacts } from './prepare-report.ts';
import { type PageAssets, renderPage } from './render-page.ts';

const SCRIPT = 'report-page.js';
const STYLE = 'report-page.css';

/** Beside the built command; in a checkout, in the `dist` that a build leaves. */
const FOLDERS = [import.meta.dirname, path.join(import.meta.dirname, '../../dist')];

/** The drawing script and the style sheet of the built package. Fails with NotBuiltError. */
export const readPageAssets = async (folders: readonly string[] = FOLDERS): Promise<PageAssets> => {
  const folder = folders.find((each) => existsSync(path.join(each, SCRIPT)));
  if (folder === undefined) throw new NotBuiltError(SCRIPT);
  const [script, style] = await Promise.all(
    [SCRIPT, STYLE].map((file) => readFile(path.join(folder, file), 'utf8')),
  );
  return { script: script ?? '', style: style ?? '' };
};

/** Writes the page of a job that has ended; replaces a file that is there. Fails with NotBuiltError. */
export const writeReportPage = async (
  store: ObjectStore,
  state: JobState & { readonly report: Report },
  file: string,
): Promise<void> => {
  const assets = await readPageAssets();
  const page = renderPage(prepareReport(await gatherFacts(store, state)), assets);
  try {
    await writeFile(file, page);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`cannot write the page ${file}: ${reason}`, { cause: error });
  }
};

/** All that a page says, from the store. */
export const gatherFacts = async (
  store: ObjectStore,
  { job, plan, report }: JobState & { readonly report: Report },
): Promise<ReportFacts> => {
  const commits: (readonly Commit[])[] = [];
  for (const index of plan?.stageIds.keys() ?? []) {
    commits.push(plan === undefined ? [] : await listCountedCommits(store, plan, index));
  }
  const notes: StageNotes[] = [];
  for (const stage of plan?.stageIds ?? []) {
    const ids = { job: job.job, run: plan?.run ?? '', stage };
    const [amendments, failures] = [await listAmendments(store, ids), await listFailureNotes(store, ids)];
    notes.push({ stage, amendments, failures });
  }
  const trace = (await readTrace(store, job.job)) ?? (await traceJob(store, job));
  return { job, plan, report, trace, commits, notes, rejects: await countRejects(store, commits.flat()) };
};
