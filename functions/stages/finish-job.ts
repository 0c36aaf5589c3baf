import type { Manifest } from '../contract/manifest.ts';
import type { Plan } from '../contract/plan.ts';
import type { Report } from '../contract/report.ts';
import { putHistory } from '../io/history.ts';
import { claimOutput, type RunContext } from './begin-run.ts';
import { buildReport, putReport } from './build-report.ts';
import { rememberModels } from './infer/remember-models.ts';
import { type JobToPublish, publish } from './publish.ts';
import { hasJobPublished } from './read-job-state.ts';
import { sweepBlocks } from './sweep-blocks.ts';
import { writeTrace } from './write-trace.ts';

/** `more`: the time was up, and the next call goes on; `copied` parts are there. */
export type FinishedJob =
  | { readonly kind: 'finished'; readonly report: Report; readonly manifest: Manifest }
  | { readonly kind: 'more'; readonly copied: number };

/**
 * Publishes a job whose stages are all sealed, and puts what is to be remembered of it: trace, report, history.
 * Can be killed anywhere and run again, also where the outcome says `published` already. Fails as {@link publish}.
 */
export const finishJob = async (
  context: RunContext,
  work: JobToPublish & { readonly keepBlocks: boolean },
): Promise<FinishedJob> => {
  const { job, plan } = work;
  const { store } = context;
  // Before the outcome says `published`, and again where a death came after that.
  if (!(await hasJobPublished(store, job.job))) await claimOutput(context, job, plan.run);
  const published = await publish(context, work);
  if (published.kind === 'more') return published;
  const { manifest } = published;
  const report = await buildReport(context, { job, plan, outcome: manifest.outcome, manifest });
  // The report last: whoever finds it has nothing left to do.
  await writeTrace(store, job);
  await putReport(store, report);
  await rememberJob(context, plan, report);
  await rememberModels(store, { plan, finishedAt: report.finishedAt });
  if (!work.keepBlocks) await sweepBlocks(store, plan.job);
  return { kind: 'finished', report, manifest };
};

const rememberJob = ({ store, resources }: RunContext, plan: Plan, report: Report): Promise<void> =>
  putHistory(store, plan.shape, {
    job: plan.job,
    finishedAt: report.finishedAt,
    threads: resources.threads,
    stages: report.stages.map((stage) => ({
      kind: stage.kind,
      tasks: Math.max(stage.tasks, 1),
      // What a plan expects for each byte of the input; an engine starts in the same time for any.
      seconds: Math.max(0, stage.seconds - (stage.infer?.startSeconds ?? 0)),
      inputBytes: stage.bytesRead,
      rows: stage.counts.read,
    })),
  });
