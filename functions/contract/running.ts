import * as z from 'zod';

/** `running/{worker}.json`: who works on a run and since when. Advisory; never decides anything. */
export const Running = z
  .strictObject({ worker: z.string(), host: z.string(), pid: z.int().min(1), since: z.iso.datetime() })
  .meta({ id: 'Running' });
export type Running = z.infer<typeof Running>;
