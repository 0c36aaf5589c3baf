import { StateError } from '../../contract/errors-store.ts';
import type { ExecutionState } from '../../contract/execution.ts';
import { parseStageId } from '../../contract/ids.ts';
import { KEYS } from '../../contract/keys.ts';
import { readPlan } from '../../io/open-run.ts';
import { parsePlan } from '../parse-plan.ts';
import { enterStages } from './enter-stages.ts';
import type { ExecutionContext } from './execution-context.ts';

/**
 * The state `seal`, behind every pass, whether its executions succeeded or not: ends the stage, or says what runs in
 * the next pass. Repeatable. Fails as advanceStage does.
 */
export const sealExecution = async (
  context: ExecutionContext,
  state: ExecutionState,
): Promise<ExecutionState> => {
  const header = await readPlan(context.store, state.job, state.run);
  if (header === undefined) {
    throw new StateError({
      key: KEYS.plan.render({ job: state.job, run: state.run }),
      problem: 'it is gone',
    });
  }
  const { index } = parseStageId(state.stage);
  return enterStages(context, { ids: state, plan: parsePlan(header), index, pass: state.pass });
};
