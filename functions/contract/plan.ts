import * as z from 'zod';
import { PlannedColumn } from './columns.ts';
import { AttemptId, BlockFormat, Sha256 } from './ids.ts';
import { PinnedInput } from './pinned-input.ts';
import { PlanHeader, RejectLimit } from './plan-header.ts';
import { PlannedStep } from './planned-steps.ts';
import { STAGE_KINDS } from './stages.ts';

/** Where an expectation comes from: a finished job of the same shape, or a stated assumption. */
export const Expectation = z.strictObject({
  seconds: z.number().min(0),
  inputBytes: z.int().min(0).optional().describe('of a stage that reads blocks'),
  basis: z.enum(['history', 'assumed']),
  /** The sentence that `daybreak plan` prints: from how many jobs, or at which speed. */
  because: z.string(),
});
export type Expectation = z.infer<typeof Expectation>;

/**
 * How a stage ends whose rows must move: the map half of `step`, then each row to the partition of its `by`
 * columns. The next stage opens with the other half of the same step.
 */
export const Shuffle = z
  .strictObject({
    step: PlannedStep,
    columns: z.array(PlannedColumn).describe('what is written: rows, or states of aggregates'),
    by: z.array(z.string()).describe('the columns that decide the partition; none: all rows in one'),
    partitions: z.int().min(1),
    isUngrouped: z
      .literal(true)
      .optional()
      .describe(
        'of a group_by whose keys are nearly unique: rows move as they are, each as a state of its own',
      ),
  })
  .meta({ id: 'Shuffle' });
export type Shuffle = z.infer<typeof Shuffle>;

export const PlannedStage = z
  .strictObject({
    kind: z.enum(STAGE_KINDS),
    tasks: z
      .int()
      .min(1)
      .describe('exact in the first stage; in later ones seal decides, and this is the aim'),
    inputColumns: z
      .array(z.string())
      .optional()
      .describe('of a stage that reads the input: the columns that it needs'),
    opening: PlannedStep.optional().describe(
      'of a stage that reads blocks: the step whose second half it begins with',
    ),
    steps: z.array(PlannedStep),
    shuffle: Shuffle.optional(),
    columns: z.array(PlannedColumn).describe('what is written: of a shuffle its own'),
    /** What the stage's tasks write: the final format in the last stage. */
    format: BlockFormat,
    inputBytes: z.int().min(0).optional().describe('of a stage that reads the input'),
    expected: Expectation.optional().describe('absent where nothing is known of the stage'),
  })
  .meta({ id: 'PlannedStage' });
export type PlannedStage = z.infer<typeof PlannedStage>;

/** What Daybreak decided for a run; putting it opens the run. Never edited. */
export const Plan = z
  .strictObject({
    ...PlanHeader.shape,
    specDigest: Sha256,
    tasks: z
      .strictObject({ attempt: AttemptId, sha256: Sha256 })
      .describe('names the object with the tasks of the first stage'),
    input: PinnedInput,
    stages: z.array(PlannedStage).min(1),
    output: z.strictObject({
      uri: z.string(),
      format: BlockFormat,
      mode: z.enum(['fail', 'overwrite']),
      columns: z.array(PlannedColumn),
    }),
    taskBytes: z
      .int()
      .min(1)
      .optional()
      .describe('what a task of a later stage is to read; absent where a number of tasks was asked for'),
    rejectLimit: RejectLimit,
    /** SHA-256 of the steps and formats alone: jobs of one shape share their history. */
    shape: Sha256,
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;
