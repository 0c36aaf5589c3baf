import type { Commit } from '../contract/commit.ts';
import { BlockCorruptError, JobCancelledError, StateError, StoreError } from '../contract/errors-store.ts';
import type { TaskLine } from '../contract/execution.ts';
import { parseStageId, type TaskIds } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import { Plan } from '../contract/plan.ts';
import { commitAttempt, isTaskDone, readCommit } from '../io/commit-attempt.ts';
import { readHalt } from '../io/halt.ts';
import { readState } from '../io/put-once.ts';
import { openStepEndpoint } from './infer/open-step-endpoint.ts';
import { runInferTask } from './infer/run-infer-task.ts';
import { readTask, readTaskAt } from './read-tasks.ts';
import { runStageTask } from './run-stage-task.ts';
import type { StageContext } from './stage-context.ts';
import type { TaskWork } from './task-work.ts';

/** A wish to cancel is seen this soon, where the context does not say when. */
const HALT_LOOK_MS = 2000;

/** Where a task stands in a list that need not be read for it. */
export type TaskPlace = TaskLine & { readonly tasksKey: string };

/**
 * The one entry of every task, in the runner, in a worker and in a function: runs it unless it is done, commits,
 * and returns the commit that counts, be it another attempt's. `undefined` where the stage was sealed without.
 *
 * Fails with JobCancelledError where the run is halted, and as {@link runStageTask} and {@link runInferTask} do. Before
 * it fails it looks whether the task is done all the same: a late duplicate may find its input gone.
 */
export const runTask = async (
  context: StageContext,
  task: TaskIds,
  place?: TaskPlace,
): Promise<Commit | undefined> => {
  const standing = await readCommit(context.store, task);
  if (standing !== undefined) return standing;
  await requireNotHalted(context, task);
  try {
    return await attemptTask(context, task, place);
  } catch (error) {
    if (await isTaskDone(context.store, task)) return readCommit(context.store, task);
    // The next run adopts blocks by their length: one with wrong bytes is as good as gone, and goes.
    if (error instanceof BlockCorruptError) await context.store.delete(error.key);
    throw error;
  }
};

const attemptTask = async (context: StageContext, task: TaskIds, place?: TaskPlace): Promise<Commit> => {
  const key = KEYS.plan.render(task);
  const plan = await readState(context.store, { key, schema: Plan });
  if (plan === undefined) throw new StateError({ key, problem: 'it is gone' });
  const { index } = parseStageId(task.stage);
  const stage = plan.stages[index];
  if (stage === undefined) throw new StateError({ key, problem: `it has no stage ${task.stage}` });
  const line =
    place === undefined
      ? await readTask(context.store, plan, { index, task: task.task })
      : await readTaskAt(context.store, place.tasksKey, place);
  const proposed = await watchingHalt(context, task, (watched) =>
    runAttempt(watched, { plan, stage, index, ids: task, task: line }),
  );
  const { worker } = context;
  const signed = worker === undefined ? proposed : { ...proposed, worker };
  return (await commitAttempt(context.store, signed)).chosen;
};

const runAttempt = async (context: StageContext, work: TaskWork): Promise<Commit> =>
  work.stage.kind === 'infer'
    ? runInferTask(context, work, await openStepEndpoint(context, work))
    : runStageTask(context, work);

const requireNotHalted = async (context: StageContext, task: TaskIds): Promise<void> => {
  const halt = await readHalt(context.store, task);
  if (halt !== undefined) throw new JobCancelledError({ job: task.job, run: task.run });
};

/** Runs with a signal that also follows `halt.json`. */
const watchingHalt = async <Result>(
  context: StageContext,
  task: TaskIds,
  run: (context: StageContext) => Promise<Result>,
): Promise<Result> => {
  const halted = new AbortController();
  const look = async (): Promise<void> => {
    try {
      await requireNotHalted(context, task);
    } catch (error) {
      // A look that gets no answer says nothing; the next one will.
      if (!(error instanceof StoreError)) halted.abort(error);
    }
  };
  const timer = setInterval(look, context.haltLookMs ?? HALT_LOOK_MS);
  try {
    return await run({ ...context, signal: AbortSignal.any([context.signal, halted.signal]) });
  } finally {
    clearInterval(timer);
  }
};
