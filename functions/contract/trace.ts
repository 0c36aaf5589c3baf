/**
 * The trace of a job: `jobs/{job}/trace.jsonl`, one event a line, in the order of `at`. Law: what could be known
 * of the job at an instant T is exactly the lines with `at` <= T, so a forecast can be replayed from them.
 * docs/trace.md has the format in words.
 */
import * as z from 'zod';
import { FormatVersions } from './format-versions.ts';
import { AttemptId, JobId, RunId, Sha256, StageId, TaskId } from './ids.ts';
import { Failure } from './outcome.ts';
import { OUTCOMES, STAGE_KINDS } from './stages.ts';

export const TRACE_VERSION = 1;

const Instant = z.iso.datetime();
const Count = z.int().nonnegative();

/** Task and the bytes that it is expected to read: what a forecast weighs finished work by. */
export const PackedTaskWeight = z.tuple([TaskId, Count]).meta({ id: 'PackedTaskWeight' });
export type PackedTaskWeight = z.infer<typeof PackedTaskWeight>;

const Submitted = z.strictObject({
  event: z.literal('submitted'),
  at: Instant,
  version: z.literal(TRACE_VERSION),
  job: JobId,
  name: z.string(),
  deadlineAt: Instant.optional(),
});

const TracedStage = z.strictObject({
  stage: StageId,
  kind: z.enum(STAGE_KINDS),
  tasks: z.int().min(1).describe('tasks as planned; `listed` has the list itself'),
  inputBytes: Count.optional().describe('bytes that the plan expects the stage to read, where it knows'),
  expectedSeconds: z.number().min(0).optional(),
});

/** A run was opened: its plan. */
const Opened = z.strictObject({
  event: z.literal('opened'),
  at: Instant,
  run: RunId,
  digest: Sha256.describe('of the plan'),
  formats: FormatVersions,
  stages: z.array(TracedStage).min(1),
  adoptedFrom: RunId.optional().describe('the run whose work this one took over'),
});

/** A stage's tasks became known: with the plan for the first stage, with the seal before for the others. */
const Listed = z.strictObject({
  event: z.literal('listed'),
  at: Instant,
  run: RunId,
  stage: StageId,
  basis: z
    .enum(['measured', 'even'])
    .describe('weights from the tasks themselves, or the stage shared evenly among them'),
  weights: z.array(PackedTaskWeight).min(1).describe('in task order'),
});

/** Tasks were replaced: the void ones no longer count. */
const Amended = z.strictObject({
  event: z.literal('amended'),
  at: Instant,
  run: RunId,
  stage: StageId,
  void: z.array(TaskId).min(1),
  weights: z.array(PackedTaskWeight).min(1).describe('the tasks in their place'),
});

/** A commit as a listing shows it. `at` is the store's time of the object, not the worker's. */
const Committed = z.strictObject({
  event: z.literal('committed'),
  at: Instant,
  run: RunId.describe('the run in which the commit counts'),
  stage: StageId,
  task: TaskId,
  attempt: AttemptId,
  blockRun: RunId.describe(
    'the run whose attempt wrote the block: an earlier one where the commit was adopted',
  ),
  worker: z.string().optional(),
  bytesRead: Count.optional(),
  bytesWritten: Count.describe('bytes of the block'),
  rowsRead: Count,
  rowsWritten: Count,
  rejected: Count,
  startedAt: Instant.describe("by the worker's clock"),
  endedAt: Instant.describe("by the worker's clock"),
});

const SealedEvent = z.strictObject({
  event: z.literal('sealed'),
  at: Instant,
  run: RunId,
  stage: StageId,
  blockRun: RunId.describe('the run that sealed: an earlier one where the seal was adopted'),
  tasks: Count.describe('commits that were counted'),
  missing: Count,
  rows: Count,
  sizeBytes: Count,
});

const Ended = z.strictObject({
  event: z.literal('ended'),
  at: Instant,
  run: RunId,
  outcome: z.enum(OUTCOMES),
  failure: Failure.optional(),
});

export const TraceEvent = z
  .discriminatedUnion('event', [Submitted, Opened, Listed, Amended, Committed, SealedEvent, Ended])
  .meta({ id: 'TraceEvent' });
export type TraceEvent = z.infer<typeof TraceEvent>;
export type TraceEventOf<Kind extends TraceEvent['event']> = Extract<TraceEvent, { event: Kind }>;
