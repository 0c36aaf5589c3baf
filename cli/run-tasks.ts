import type { Plan, PlannedStage } from '../functions/contract/plan.ts';
import { hangSecondsOf } from '../functions/stages/hang-seconds.ts';
import { hasModules } from '../functions/stages/run-modules.ts';
import { runTask } from '../functions/stages/run-task.ts';
import type { StagePosition } from '../functions/stages/seal.ts';
import type { StageContext } from '../functions/stages/stage-context.ts';
import { watchOwnMemory } from '../functions/stages/workers/watch-own-memory.ts';
import { renderTask } from '../functions/stages/workers/worker-messages.ts';
import type { Runner } from './run-job.ts';

type Missing = {
  readonly position: StagePosition;
  readonly missing: readonly string[];
  readonly elapsedSeconds: () => number;
};

/** Runs the tasks of a stage that have no commit yet: one task of SQL right here, all others in worker processes. */
export const runTasks = async (runner: Runner, plan: Plan, missing: Missing): Promise<void> => {
  const stage = plan.stages[missing.position.index];
  if (stage === undefined) throw new Error(`the plan has no stage ${missing.position.index}`);
  if (missing.missing.length > 1 || hasModules(stage)) return runInWorkers(runner, stage, missing);
  const [task] = missing.missing;
  if (task !== undefined) await runHere(runner, task, missing);
};

const runHere = async (
  { context, view }: Runner,
  task: string,
  { position, elapsedSeconds }: Missing,
): Promise<void> => {
  const { index: _, ...stage } = position;
  const shown: StageContext = {
    ...context,
    onProgress: ({ share, rowsRead }) =>
      view.update({ stage: stage.stage, share, rows: rowsRead, elapsedSeconds: elapsedSeconds() }),
  };
  const ids = { ...stage, task };
  await watchOwnMemory({ context: shown, task: renderTask(ids) }, (watched) => runTask(watched, ids));
};

const runInWorkers = (
  { context, view, pool }: Runner,
  planned: PlannedStage,
  { position, missing, elapsedSeconds }: Missing,
): Promise<void> => {
  const { index: _, ...stage } = position;
  const hangSeconds = hangSecondsOf(planned);
  return pool.run(
    missing.map((task) => ({ ...stage, task })),
    {
      signal: context.signal,
      onCommit: () => {},
      onProgress: ({ share, rowsRead }) =>
        view.update({ stage: stage.stage, share, rows: rowsRead, elapsedSeconds: elapsedSeconds() }),
      ...(hangSeconds === undefined ? {} : { hangSeconds }),
    },
  );
};
