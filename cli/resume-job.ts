import { DaybreakError } from '../functions/contract/errors.ts';
import { UsageError } from '../functions/contract/errors-command.ts';
import type { RejectLimit } from '../functions/contract/plan-header.ts';
import type { Report } from '../functions/contract/report.ts';
import { withdrawCancel } from '../functions/stages/cancel-job.ts';
import { endRun, isPublished, refuseJob } from '../functions/stages/end-run.ts';
import { openOutput } from '../functions/stages/open-output.ts';
import type { JobState, JobWord } from '../functions/stages/read-job-state.ts';
import { requireSameInput } from '../functions/stages/require-same-input.ts';
import type { PlannedJob } from '../functions/stages/split.ts';
import { sweepBlocks } from '../functions/stages/sweep-blocks.ts';
import { finishPublish, type Runner, runJob } from './run-job.ts';
import { splitHere } from './split-here.ts';

export type Asked = {
  /** In place of the limit that the job has had so far; it is part of the run that this opens. */
  readonly rejectLimit?: RejectLimit;
};

/** Somebody else is at work on the job, as far as this machine can see. */
const AT_WORK: ReadonlySet<JobWord> = new Set(['running', 'cancelling', 'publishing', 'waiting']);

/**
 * Goes on with a job where it stands: publishes what is sealed, runs what is missing, or opens the next run. Fails as
 * runJob does, and with UsageError where a job at work is to get another limit.
 */
export const resumeJob = async (runner: Runner, state: JobState, asked: Asked = {}): Promise<Report> => {
  const { job, plan, outcome, report, word } = state;
  const { rejectLimit } = asked;
  if (rejectLimit !== undefined && AT_WORK.has(word)) {
    throw new UsageError(
      `the job ${job.job} is ${word}, and its limit on rejects cannot change meanwhile; \`daybreak cancel ${job.job}\` first`,
    );
  }
  if (AT_WORK.has(word)) {
    runner.view.note(`the job ${job.job} is ${word} already: this command works beside the other one`);
  }
  if (outcome !== undefined && isPublished(outcome)) {
    if (report?.outcome !== outcome.kind) return finishPublish(runner, job);
    if (!runner.keepBlocks) await sweepBlocks(runner.context.store, job.job);
    return report;
  }
  await withdrawCancel(runner.context.store, job.job, plan === undefined ? undefined : { plan, outcome });
  const wanted = await planAgain(runner, state);
  return runJob(runner, job, rejectLimit === undefined ? wanted : { ...wanted, askedLimit: rejectLimit });
};

/** Where a job can no longer be planned nobody else would end it, and its output would stay taken. */
const planAgain = async (runner: Runner, { job, plan, word }: JobState): Promise<PlannedJob> => {
  const { context } = runner;
  try {
    const wanted = await splitHere(context, job);
    if (plan !== undefined) requireSameInput(plan, wanted.plan);
    return wanted;
  } catch (error) {
    if (word === 'interrupted') {
      if (plan !== undefined) await endRun(context, { job, plan, error, mayReopen: false });
      else if (error instanceof DaybreakError && error.row.retry !== 'again') {
        await (await openOutput(context, job)).release();
        await refuseJob(context, job, { error });
      }
    }
    throw error;
  }
};
