import { type JobToPlan, type PlannedJob, split } from '../functions/stages/split.ts';
import type { StageContext } from '../functions/stages/stage-context.ts';
import { watchOwnMemory } from '../functions/stages/workers/watch-own-memory.ts';

/** Looking at an input and binding expressions are queries too: the engine computes what is constant right then. */
export const splitHere = (context: StageContext, job: JobToPlan): Promise<PlannedJob> =>
  watchOwnMemory({ context, task: 'split' }, (watched) => split(watched, job));
