import { DaybreakError } from '../functions/contract/errors.ts';
import { WorkerTaskError } from '../functions/contract/errors-worker.ts';
import type { Plan, PlannedStage } from '../functions/contract/plan.ts';
import type { OutgrownTask } from '../functions/stages/amend-outgrown.ts';
import { hangSecondsOf } from '../functions/stages/hang-seconds.ts';
import { inferStepOf } from '../functions/stages/infer/infer-step-of.ts';
import type { StageStanding } from '../functions/stages/read-stage.ts';
import { hasModules } from '../functions/stages/run-modules.ts';
import { runTask } from '../functions/stages/run-task.ts';
import type { StagePosition } from '../functions/stages/seal.ts';
import type { StageContext, TaskProgress } from '../functions/stages/stage-context.ts';
import { watchOwnMemory } from '../functions/stages/workers/watch-own-memory.ts';
import { renderTask } from '../functions/stages/workers/worker-messages.ts';
import { runEndpointTasks } from './infer/run-endpoint-tasks.ts';
import { runModelStage } from './infer/run-model-stage.ts';
import type { Runner } from './run-job.ts';

export type Work = {
  readonly position: StagePosition;
  readonly standing: StageStanding;
  /** Share of the stage that was done before the command began. */
  readonly shareBefore: number;
  readonly elapsedSeconds: () => number;
};

/**
 * Runs the tasks of a stage that have no commit yet: one task of SQL right here, those of a model as its engine needs,
 * all others in worker processes.
 */
export const runTasks = async (runner: Runner, plan: Plan, work: Work): Promise<void> => {
  const stage = plan.stages[work.position.index];
  if (stage === undefined) throw new Error(`the plan has no stage ${work.position.index}`);
  if (stage.kind === 'infer') return runModel(runner, plan, { ...work, stage });
  const { missing } = work.standing;
  if (missing.length > 1 || hasModules(stage)) return runInWorkers(runner, stage, work);
  const [task] = missing;
  if (task !== undefined) await runHere(runner, task, work);
};

const runModel = async (
  runner: Runner,
  plan: Plan,
  { stage, ...work }: Work & { readonly stage: PlannedStage },
): Promise<void> => {
  const step = inferStepOf(stage);
  if (work.standing.missing.length === 0) return;
  const { engine } = step;
  if (engine.kind === 'endpoint') return runEndpointTasks(runner, { ...work, endpoint: engine.name });
  return runModelStage(runner, { plan, step, ...work });
};

/**
 * The task of a stage that failed for want of memory; undefined where something else failed, or several tasks shared
 * the memory of this process, as those of an endpoint do: which of them grew nobody knows.
 */
export const findOutgrown = (error: unknown, { tasks, missing }: StageStanding): OutgrownTask | undefined => {
  if (!(error instanceof DaybreakError) || error.row.retry !== 'again-with-more-memory') return undefined;
  const id = error instanceof WorkerTaskError ? error.taskId : missing.length === 1 ? missing[0] : undefined;
  const task = tasks.find((each) => each.task === id);
  return task === undefined ? undefined : { task, failure: error };
};

const runHere = async (runner: Runner, task: string, work: Work): Promise<void> => {
  const { context } = runner;
  const { index: _, ...stage } = work.position;
  const shown: StageContext = { ...context, onProgress: showProgress(runner, work) };
  const ids = { ...stage, task };
  await watchOwnMemory({ context: shown, task: renderTask(ids) }, (watched) => runTask(watched, ids));
};

const runInWorkers = (runner: Runner, planned: PlannedStage, work: Work): Promise<void> => {
  const { index: _, ...stage } = work.position;
  const hangSeconds = hangSecondsOf(planned);
  return runner.pool.run(
    work.standing.missing.map((task) => ({ ...stage, task })),
    {
      signal: runner.context.signal,
      onCommit: () => {},
      onProgress: showProgress(runner, work),
      weightOf: weigh(work.standing),
      ...(hangSeconds === undefined ? {} : { hangSeconds }),
    },
  );
};

/** A task is as much of its stage as it reads; one that reads nothing has something to do all the same. */
const weigh = ({ tasks }: StageStanding): ((task: string) => number) => {
  const weights = new Map(tasks.map(({ task, weightBytes }) => [task, weightBytes + 1]));
  return (task) => weights.get(task) ?? 1;
};

/** Progress of the missing tasks, as that of the whole stage: what was done before does not begin anew. */
const showProgress = (
  { view }: Runner,
  { position, standing, shareBefore, elapsedSeconds }: Work,
): ((progress: TaskProgress) => void) => {
  const done = doneShare(standing);
  return ({ share, rowsRead }) =>
    view.update({
      stage: position.stage,
      share: share === undefined ? undefined : done + share * (1 - done),
      shareBefore,
      rows: rowsRead,
      elapsedSeconds: elapsedSeconds(),
    });
};

/** How much of a stage is done, 0 to 1, by what its tasks read. */
export const doneShare = (standing: StageStanding): number => {
  const weightOf = weigh(standing);
  const sum = (tasks: readonly string[]): number => tasks.reduce((bytes, task) => bytes + weightOf(task), 0);
  const done = sum(standing.done.map(({ task }) => task));
  return done === 0 ? 0 : done / (done + sum(standing.missing) + sum(standing.waiting));
};
