import * as z from 'zod';
import { TaskId } from './ids.ts';

/**
 * `running/{worker}.json`: who works on a run and since when. Advisory; never decides anything. A worker with a model
 * writes it again every few seconds, with what it has open: a record that has not changed for a while is of a dead one.
 */
export const Running = z
  .strictObject({
    worker: z.string(),
    host: z.string(),
    pid: z.int().min(1),
    since: z.iso.datetime(),
    at: z.iso.datetime().optional().describe('when it was written, by the clock of the worker'),
    tasks: z
      .array(z.strictObject({ task: TaskId, since: z.iso.datetime() }))
      .optional()
      .describe('the tasks that are open'),
  })
  .meta({ id: 'Running' });
export type Running = z.infer<typeof Running>;
