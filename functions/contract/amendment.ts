import * as z from 'zod';
import { JobId, RunId, StageId, TaskId } from './ids.ts';

/** An amendment costs a pass over the stage's commits; a stage that needs more is not going to end. */
export const MAX_AMENDMENTS = 8;

/**
 * Changes a stage's list of tasks: `void` no longer counts, `tasks` stand in their place, each named
 * `{old}.{iii}` after the void task that it replaces. A task has the fields of a line of the stage's tasks.
 */
export const Amendment = z
  .strictObject({
    job: JobId,
    run: RunId,
    stage: StageId,
    void: z.array(TaskId).min(1),
    tasks: z.array(z.looseObject({ task: TaskId })).min(1),
    reason: z.string(),
    at: z.iso.datetime(),
  })
  .meta({ id: 'Amendment' });
export type Amendment = z.infer<typeof Amendment>;
