import * as z from 'zod';
import { MODULE_REJECT_CAUSES } from './module-step.ts';
import { REJECT_CAUSES } from './pinned-input.ts';

const Cause = z.enum([...REJECT_CAUSES, ...MODULE_REJECT_CAUSES]);

/** Causes that a summary counts; what is beyond them says nothing new. */
export const MOST_CAUSES = 20;

/** Where a reject is; `line` counts physical lines from 1, `byteOffset` from 0. Never its value. */
export const RejectPlace = z
  .strictObject({
    file: z.string().describe('the input file; of a module the step, the row and the place in the source'),
    line: z.int().optional(),
    byteOffset: z.int().optional(),
    column: z.string().optional(),
    cause: Cause,
    detail: z
      .string()
      .optional()
      .describe('the name of what was thrown, or what type was found and expected'),
  })
  .meta({ id: 'RejectPlace' });
export type RejectPlace = z.infer<typeof RejectPlace>;

export const CauseCount = z
  .strictObject({ cause: Cause, column: z.string().optional(), rows: z.int().min(1) })
  .meta({ id: 'CauseCount' });
export type CauseCount = z.infer<typeof CauseCount>;

/** What a task rejected, in short and without a value: the rows themselves lie in the file beside it. */
export const RejectSummary = z
  .strictObject({
    first: RejectPlace.describe('in the order of files, bytes and rows'),
    causes: z.array(CauseCount).max(MOST_CAUSES).describe('most rows first'),
    ofModules: z
      .int()
      .min(0)
      .describe('rows that functions of users rejected: another attempt may process them'),
  })
  .meta({ id: 'RejectSummary' });
export type RejectSummary = z.infer<typeof RejectSummary>;
