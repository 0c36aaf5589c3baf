import * as z from 'zod';
import { BlockFormat, Sha256 } from './ids.ts';
import { PinnedInput } from './pinned-input.ts';
import { PlanHeader } from './plan-header.ts';
import { PlannedColumn, PlannedStep } from './planned-steps.ts';
import { STAGE_KINDS } from './stages.ts';

/** Where an expectation comes from: a finished job of the same shape, or a stated assumption. */
const Expectation = z.strictObject({
  seconds: z.number().min(0),
  basis: z.enum(['history', 'assumed']),
  /** The sentence that `daybreak plan` prints: from how many jobs, or at which speed. */
  because: z.string(),
});

export const PlannedStage = z
  .strictObject({
    kind: z.enum(STAGE_KINDS),
    tasks: z.int().min(1),
    steps: z.array(PlannedStep),
    columns: z.array(PlannedColumn),
    /** What the stage's tasks write: the final format in the last stage. */
    format: BlockFormat,
    inputBytes: z.int().min(0),
    expected: Expectation,
  })
  .meta({ id: 'PlannedStage' });
export type PlannedStage = z.infer<typeof PlannedStage>;

/** A limit on rejected rows: as a count judged in the task, as a rate of the rows read at seal. */
export const RejectLimit = z.strictObject({ unit: z.enum(['rows', 'rate']), value: z.number().min(0) });
export type RejectLimit = z.infer<typeof RejectLimit>;

/** What Daybreak decided for a run; putting it opens the run. Never edited. */
export const Plan = z
  .strictObject({
    ...PlanHeader.shape,
    specDigest: Sha256,
    input: PinnedInput,
    stages: z.array(PlannedStage).min(1),
    output: z.strictObject({
      uri: z.string(),
      format: BlockFormat,
      mode: z.enum(['fail', 'overwrite']),
      columns: z.array(PlannedColumn),
    }),
    rejectLimit: RejectLimit,
    /** SHA-256 of the steps and formats alone: jobs of one shape share their history. */
    shape: Sha256,
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;
