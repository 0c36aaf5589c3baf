import { StateError } from '../../contract/errors-store.ts';
import type { ExecutionState } from '../../contract/execution.ts';
import { KEYS } from '../../contract/keys.ts';
import { readPlan } from '../../io/open-run.ts';
import { finishJob } from '../finish-job.ts';
import { parsePlan } from '../parse-plan.ts';
import { readJob } from '../read-job-state.ts';
import type { ExecutionContext } from './execution-context.ts';
import { endState, publishState } from './next-state.ts';

/** The state `publish`, which follows on itself where its time is up. Repeatable. Fails as finishJob does. */
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
  const { keepBlocks, mayGoOn } = context;
  const finished = await finishJob(context, { job, plan: parsePlan(header), keepBlocks, mayGoOn });
  if (finished.kind === 'more') {
    context.note(`${finished.copied} parts are published, the next go copies the others`);
    return publishState(state, state.run);
  }
  return endState(state, { run: state.run, outcome: finished.report.outcome });
};
