import type { ExecutionState, SplitEvent } from '../../contract/execution.ts';
import { readCurrentRun } from '../../io/open-run.ts';
import { beginRun, claimOutput, prepareRun } from '../begin-run.ts';
import { isPublished } from '../end-run.ts';
import { parsePlan } from '../parse-plan.ts';
import { readJob } from '../read-job-state.ts';
import { requireSameInput } from '../require-same-input.ts';
import { split } from '../split.ts';
import { enterStages } from './enter-stages.ts';
import type { ExecutionContext } from './execution-context.ts';
import { endState, publishState } from './next-state.ts';

/**
 * The state `split`: plans the job, opens its run or goes on in the one that is open, and enters the first stage that
 * has work left. Repeatable. Fails as split, claimOutput and advanceStage do; what fails before a run is open refuses
 * the job.
 */
export const beginExecution = async (context: ExecutionContext, ids: SplitEvent): Promise<ExecutionState> => {
  const job = await readJob(context.store, ids.job);
  const current = await readCurrentRun(context.store, ids.job);
  if (current !== undefined && isPublished(current.outcome)) return publishState(ids, current.plan.run);
  const wanted = await split(context, job);
  if (current !== undefined) requireSameInput(parsePlan(current.plan), wanted.plan);
  await claimOutput(context, job);
  const begun = await beginRun(context, wanted);
  const { plan } = begun;
  if (begun.kind === 'ended') {
    // Somebody has ended it, or published it, since it was looked at.
    if (isPublished(begun.outcome)) return publishState(ids, plan.run);
    const { kind, failure } = begun.outcome;
    return endState(ids, { run: plan.run, outcome: kind, ...(failure === undefined ? {} : { failure }) });
  }
  await prepareRun(context, { job, plan, wanted });
  return enterStages(context, { ids, plan, index: 0 });
};
