import * as z from 'zod';
import { Counts } from './counts.ts';
import { FormatVersions } from './format-versions.ts';
import { AttemptId, BlockFormat, JobId, RunId, Sha256, StageId, TaskId } from './ids.ts';
import { InferFigures } from './planned-infer.ts';
import { RangeChain } from './range-chain.ts';
import { RejectSummary } from './reject-summary.ts';

const SizeBytes = z.int().nonnegative();
const Rows = z.int().nonnegative();

/** Offset and size in bytes, CRC-32 (as zlib has it) and rows of one partition: its IPC stream inside the block. */
export const PackedPartition = z
  .tuple([SizeBytes, SizeBytes, z.int().min(0).max(0xffffffff), Rows])
  .meta({ id: 'PackedPartition' });
export type PackedPartition = z.infer<typeof PackedPartition>;

/** What an attempt wrote; its key is computed from the ids, never carried. */
export const WrittenObject = z
  .strictObject({ format: BlockFormat, sizeBytes: SizeBytes, sha256: Sha256 })
  .meta({ id: 'WrittenObject' });
export type WrittenObject = z.infer<typeof WrittenObject>;

const hasOrderedPartitions = (commit: {
  readonly block: WrittenObject;
  readonly partitions: readonly PackedPartition[];
}): boolean => {
  let end = 0;
  for (const [offset, sizeBytes] of commit.partitions) {
    if (offset < end) return false;
    end = offset + sizeBytes;
  }
  return end <= commit.block.sizeBytes;
};

/** What one step of the spec did to the rows of a task: its share of the task's counts. */
export const StepCounts = z
  .strictObject({
    step: z.int().nonnegative().describe('position in the spec, from 0'),
    dropped: Rows,
    grown: Rows,
    folded: Rows,
    cut: Rows,
    rejected: Rows.optional().describe('by a function of a user; absent where the step calls none'),
  })
  .meta({ id: 'StepCounts' });
export type StepCounts = z.infer<typeof StepCounts>;

/**
 * Rows that groups stand for, by their hidden count: `out` what the first half of a group_by or distinct folded,
 * `in` what the second half of the step before found. Over a stage the one must be the other.
 */
export const Carried = z.strictObject({ in: Rows.optional(), out: Rows.optional() }).meta({ id: 'Carried' });
export type Carried = z.infer<typeof Carried>;

/** Says which attempt of a task counts. `run` is the run whose block it means: an adopted commit keeps it. */
export const Commit = z
  .strictObject({
    job: JobId,
    run: RunId,
    stage: StageId,
    task: TaskId,
    attempt: AttemptId,
    block: WrittenObject,
    partitions: z.array(PackedPartition).describe('in partition order; empty for a block in a final format'),
    weights: z
      .array(z.int().nonnegative())
      .optional()
      .describe('of a block with requests to a model: their characters, piece by piece'),
    infer: InferFigures.optional(),
    rows: Rows.describe('rows in the block'),
    rejects: WrittenObject.extend({ rows: Rows, summary: RejectSummary.optional() }).optional(),
    counts: Counts,
    steps: z.array(StepCounts).optional().describe('the same rows, step by step'),
    carried: Carried.optional(),
    chains: z
      .array(RangeChain)
      .optional()
      .describe('of a task over byte ranges, in their order; whole files have none'),
    formats: FormatVersions,
    worker: z.string().optional().describe('who ran the attempt; for the trace, never for a decision'),
    bytesRead: SizeBytes.optional().describe('bytes of input or of blocks that the attempt read'),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime(),
  })
  .refine(hasOrderedPartitions, { path: ['partitions'], error: 'partitions overlap or reach past the block' })
  .meta({ id: 'Commit' });
export type Commit = z.infer<typeof Commit>;

/** All but where its partitions lie, which for a wide stage is nearly all of a commit. */
export type CommitFacts = Omit<Commit, 'partitions'>;
