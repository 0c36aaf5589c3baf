import type { ExecutionState, SplitEvent } from '../../contract/execution.ts';
import type { Plan } from '../../contract/plan.ts';
import type { Pass } from '../../core/next-pass.ts';
import { readOutcome } from '../../io/put-outcome.ts';
import { advanceStage } from '../advance-stage.ts';
import { requirePublished } from '../publish.ts';
import { putPass } from '../put-pass.ts';
import { deleteStageBlocks } from '../sweep-blocks.ts';
import type { ExecutionContext } from './execution-context.ts';
import { passState, publishState } from './next-state.ts';

/**
 * Goes on with a run at a stage: over those that are sealed, to the first that has tasks left, or to publish. `pass`
 * is the one that was just made of that first stage; absent where none was. Fails as advanceStage does.
 */
export const enterStages = async (
  context: ExecutionContext,
  {
    ids,
    plan,
    index,
    pass,
  }: {
    readonly ids: SplitEvent;
    readonly plan: Plan;
    readonly index: number;
    readonly pass?: Pass;
  },
): Promise<ExecutionState> => {
  let made = pass;
  for (let at = index; at < plan.stageIds.length; at += 1) {
    const position = { job: plan.job, run: plan.run, stage: plan.stageIds[at] ?? '', index: at };
    const advance = await advanceStage(context, plan, {
      position,
      ...(made === undefined ? {} : { pass: made }),
    });
    if (advance.kind === 'pass') {
      if (advance.reason !== undefined) context.note(advance.reason);
      const put = await putPass(context, plan, { position, pass: advance });
      return passState(ids, plan, { position, advance, put, mostTasks: context.mostTasks });
    }
    made = undefined;
    // What is left of a run that has ended belongs to the next one, which may read these blocks.
    const outcome = await readOutcome(context.store, plan);
    if (outcome !== undefined) requirePublished(outcome);
    if (at > 0 && !context.keepBlocks) await deleteStageBlocks(context.store, plan, at - 1);
  }
  return publishState(ids, plan.run);
};
