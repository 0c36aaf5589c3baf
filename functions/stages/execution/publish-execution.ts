import { StateError } from '../../contract/errors-store.ts';
import type { ExecutionState } from '../../contract/execution.ts';
import { KEYS } from '../../contract/keys.ts';
import { readPlan } from '../../io/open-run.ts';
import { finishJob } from '../finish-job.ts';
import { parsePlan } from '../parse-plan.ts';
import { readJob } from '../read-job-state.ts';
import type { ExecutionContext } from './execution-context.ts';
import { endState } from './next-state.ts';

/** The state `publish`. Repeatable. Fails as finishJob does. */
export const publishExecution = async (
  context: ExecutionContext,
  state: ExecutionState,
): Promise<ExecutionState> => {
  const job = await readJob(context.store, state.job);
  const header = await readPlan(context.store, state.job, state.run);
  if (header === undefined) {
    throw new StateError({
      key: KEYS.plan.render({ job: state.job, run: state.run }),
      problem: 'it is gone',
    });
  }
  const { keepBlocks } = context;
  const { report } = await finishJob(context, { job, plan: parsePlan(header), keepBlocks });
  return endState(state, { run: state.run, outcome: report.outcome });
};
