import type { Plan } from '../functions/contract/plan.ts';
import { runTask } from '../functions/stages/run-task.ts';
import type { StagePosition } from '../functions/stages/seal.ts';
import type { StageContext } from '../functions/stages/stage-context.ts';
import type { Runner } from './run-job.ts';

type Missing = {
  readonly position: StagePosition;
  readonly missing: readonly string[];
  readonly elapsedSeconds: () => number;
};

/** Runs the tasks of a stage that have no commit yet. */
export const runTasks = async (
  { context, view }: Runner,
  _plan: Plan,
  { position, missing, elapsedSeconds }: Missing,
): Promise<void> => {
  const { index: _, ...stage } = position;
  for (const [done, task] of missing.entries()) {
    const watched: StageContext = {
      ...context,
      onProgress: ({ share, rowsRead }) =>
        view.update({
          stage: stage.stage,
          share: share === undefined ? undefined : (done + share) / missing.length,
          rows: rowsRead,
          elapsedSeconds: elapsedSeconds(),
        }),
    };
    await runTask(watched, { ...stage, task });
  }
};
