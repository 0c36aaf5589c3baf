import * as z from 'zod';
import { PlannedColumn } from './columns.ts';
import { StepCounts } from './commit.ts';
import { Counts } from './counts.ts';
import { JobId, RunId } from './ids.ts';
import { Failure } from './outcome.ts';
import { InferTotals } from './planned-infer.ts';
import { CauseCount } from './reject-summary.ts';
import { OUTCOMES, STAGE_KINDS } from './stages.ts';

const StepReport = StepCounts.extend({ kind: z.string().describe('the word of the spec') });
export type StepReport = z.infer<typeof StepReport>;

const StageReport = z.strictObject({
  stage: z.string(),
  kind: z.enum(STAGE_KINDS),
  tasks: z.int().min(0),
  seconds: z
    .number()
    .min(0)
    .describe('from the first start of a task to the last end, and the start of an engine before that'),
  counts: Counts,
  steps: z.array(StepReport),
  bytesRead: z.int().min(0),
  bytesWritten: z.int().min(0),
  infer: InferTotals.optional().describe('of a stage that runs a model'),
  rejects: z.array(CauseCount).optional().describe('rows rejected by cause and column, most first'),
});
export type StageReport = z.infer<typeof StageReport>;

/** `report.json`, and the last line of `daybreak run --json`: how a run ended, in numbers. Times in seconds. */
export const Report = z
  .strictObject({
    job: JobId,
    run: RunId,
    name: z.string(),
    outcome: z.enum(OUTCOMES),
    submittedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime(),
    seconds: z.number().min(0).describe('from the submission to the end; of a later run from its opening'),
    deadlineAt: z.iso.datetime().optional(),
    rows: z.strictObject({ read: z.int(), written: z.int(), rejected: z.int() }),
    stages: z.array(StageReport),
    output: z.strictObject({
      uri: z.string(),
      format: z.string(),
      parts: z.int(),
      sizeBytes: z.int(),
      columns: z.array(PlannedColumn),
    }),
    failure: Failure.pick({ message: true, rejects: true }).extend({ name: z.string() }).optional(),
  })
  .meta({ id: 'Report' });
export type Report = z.infer<typeof Report>;
