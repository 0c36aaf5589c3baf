import * as z from 'zod';
import { JobId } from './ids.ts';
import { STAGE_KINDS } from './stages.ts';

/** What a finished job tells the plans of later jobs of the same shape. */
export const HistoryEntry = z
  .strictObject({
    job: JobId,
    finishedAt: z.iso.datetime(),
    threads: z.int().min(1),
    stages: z.array(
      z.strictObject({
        kind: z.enum(STAGE_KINDS),
        tasks: z.int().min(1),
        seconds: z.number().min(0),
        inputBytes: z.int().min(0),
        rows: z.int().min(0),
      }),
    ),
  })
  .meta({ id: 'HistoryEntry' });
export type HistoryEntry = z.infer<typeof HistoryEntry>;
