import * as z from 'zod';
import { PackedPartition } from './commit.ts';
import { AttemptId, RunId, TaskId } from './ids.ts';

const Bytes = z.int().min(0);

const shared = {
  task: TaskId,
  weightBytes: Bytes.describe('what the task reads: the weight of its time in a forecast'),
};

/** Bytes of a text file; `whole` files are read in place, ranges are copied out first. */
export const SliceRange = z
  .strictObject({
    file: z.int().min(0).describe('index into the files of the pinned input'),
    startOffset: Bytes,
    endOffset: Bytes,
    dataOffset: Bytes.describe('where the first row of the file begins'),
    startsAt: z.enum(['row', 'guess', 'whole']),
  })
  .meta({ id: 'SliceRange' });
export type SliceRange = z.infer<typeof SliceRange>;

/** Rows of a Parquet or Arrow file, by whole row groups or record batches: [firstRow, firstRow + rows). */
export const SliceRows = z
  .strictObject({
    file: z.int().min(0),
    firstRow: z.int().min(0),
    rows: z.int().min(0),
    batches: z
      .tuple([z.int().min(0), z.int().min(0)])
      .optional()
      .describe('Arrow: the record batches [first, end) that hold these rows'),
  })
  .meta({ id: 'SliceRows' });
export type SliceRows = z.infer<typeof SliceRows>;

/** A block of the stage before and the extents of the task's partitions in it, one after another. */
export const TaskSource = z
  .tuple([TaskId, RunId, AttemptId, z.array(PackedPartition)])
  .meta({ id: 'TaskSource' });
export type TaskSource = z.infer<typeof TaskSource>;

/**
 * A line of a stage's tasks, or of the transposed index that seal writes for the next stage.
 * `input`: everything, one task. `ranges`, `rows`: a slice. `partitions`: [first, end) of the stage before.
 */
export const Task = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('input'), ...shared }),
    z.strictObject({ kind: z.literal('ranges'), ...shared, ranges: z.array(SliceRange).min(1) }),
    z.strictObject({
      kind: z.literal('rows'),
      ...shared,
      rows: z.array(SliceRows).min(1),
      prunedRows: z
        .int()
        .min(0)
        .optional()
        .describe('rows of row groups that no task reads, by their bounds: what the commit counts as pruned'),
    }),
    z.strictObject({
      kind: z.literal('partitions'),
      ...shared,
      first: z.int().min(0),
      end: z.int().min(0),
      share: z
        .strictObject({ index: z.int().min(0), of: z.int().min(2) })
        .optional()
        .describe('of a partition far larger than the others: the keys of which this task takes its part'),
      sources: z
        .array(TaskSource)
        .describe('in task order; blocks without rows of these partitions are left out'),
    }),
  ])
  .meta({ id: 'Task' });
export type Task = z.infer<typeof Task>;
export type TaskOf<Kind extends Task['kind']> = Extract<Task, { kind: Kind }>;
