import type { DaybreakError } from '../../contract/errors.ts';
import { JobCancelledError } from '../../contract/errors-store.ts';
import type { EndEvent, ExecutionState } from '../../contract/execution.ts';
import { EXIT_CODES } from '../../contract/failures.ts';
import { FIRST_RUN } from '../../contract/ids.ts';
import type { Job } from '../../contract/job.ts';
import { readHalt } from '../../io/halt.ts';
import { readCurrentRun } from '../../io/open-run.ts';
import { buildReport, putReport } from '../build-report.ts';
import { endRun, isPublished, MAX_REOPENINGS, refuseJob } from '../end-run.ts';
import { explainCaught } from '../explain-caught.ts';
import { openOutput } from '../open-output.ts';
import { parsePlan } from '../parse-plan.ts';
import { readJob } from '../read-job-state.ts';
import type { ExecutionContext } from './execution-context.ts';
import { endState, publishState, reopenState } from './next-state.ts';

/**
 * The state `end`, behind every failure of another state: records how the run ended, and says whether there is a way
 * on. Bytes that are gone open the next run, a published job has its publish finished; either only so often.
 */
export const endExecution = async (context: ExecutionContext, event: EndEvent): Promise<ExecutionState> => {
  const job = await readJob(context.store, event.job);
  const current = await readCurrentRun(context.store, event.job);
  const error = explainCaught(`the execution of ${event.job}`, event.error);
  const failure = { name: error.name, message: error.message };
  if (current === undefined) {
    if ((await readHalt(context.store, { job: event.job, run: FIRST_RUN })) !== undefined) {
      await giveBackClaim(context, job);
      return endState(event, { run: '', outcome: 'cancelled', failure: failureOf(event.job) });
    }
    const as = isRefusal(error) ? 'refused' : 'failed';
    await refuseJob(context, job, { error, as });
    await giveBackClaim(context, job);
    return endState(event, { run: '', outcome: as, failure });
  }
  const plan = parsePlan(current.plan);
  const before = current.outcome;
  if (!hasRun(event) && before !== undefined && !isPublished(before)) {
    // The run of before keeps its outcome; its report says why there is no next one.
    const outcome = before.kind === 'superseded' ? 'failed' : before.kind;
    await putReport(context.store, await buildReport(context, { job, plan, outcome, failure }));
    return endState(event, { run: plan.run, outcome, failure });
  }
  const mayReopen = event.reopened < MAX_REOPENINGS;
  const ended = await endRun(context, { job, plan, error, mayReopen, whenUnclear: 'failed' });
  switch (ended.kind) {
    case 'published':
      return mayReopen
        ? publishState({ ...event, reopened: event.reopened + 1 }, plan.run)
        : endState(event, { run: plan.run, failure });
    case 'lost':
      return reopenState(event);
    case 'ended':
      return endState(event, {
        run: plan.run,
        outcome: ended.outcome.kind,
        failure:
          ended.outcome.kind === 'cancelled' ? failureOf(event.job) : (ended.outcome.failure ?? failure),
      });
    case 'open':
      return endState(event, { run: plan.run, failure });
  }
};

/**
 * The output is claimed before the first run is open. Where it cannot be given back, as one that the job was refused
 * for, the job has ended all the same: whoever wants the output takes a claim over from a job that has.
 */
const giveBackClaim = async (context: ExecutionContext, job: Job): Promise<void> => {
  try {
    await (await openOutput(context, job)).release();
  } catch (error) {
    context.note(`the output could not be given back: ${(error as Error).name}`);
  }
};

/** Split gets none, unless bytes are gone and it opens the next one in the same execution. */
const hasRun = ({ run }: EndEvent): boolean => run !== undefined;

const failureOf = (job: string): { readonly name: string; readonly message: string } => {
  const { name, message } = new JobCancelledError({ job });
  return { name, message };
};

/** Nothing of the job was wrong with the machine: who submitted it has to change something. */
const isRefusal = ({ row }: DaybreakError): boolean => row.exitCode === EXIT_CODES.refused;
