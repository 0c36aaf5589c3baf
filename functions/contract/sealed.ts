import * as z from 'zod';
import { Carried } from './commit.ts';
import { Counts } from './counts.ts';
import { FormatVersions } from './format-versions.ts';
import { AttemptId, JobId, RunId, StageId, TaskId } from './ids.ts';

/** Task, run whose block is meant, attempt: one commit that was counted. */
export const PackedCommit = z.tuple([TaskId, RunId, AttemptId]).meta({ id: 'PackedCommit' });
export type PackedCommit = z.infer<typeof PackedCommit>;

const isInTaskOrder = (commits: readonly PackedCommit[]): boolean =>
  commits.every(([task], index) => index === 0 || (commits[index - 1]?.[0] ?? '') < task);

/**
 * Ends a stage; everyone after it reads only this. The attempt is the seal's own: with `run` it gives the keys
 * of the next stage's tasks and of the transposed index. `run` is the run that sealed: an adopted seal keeps it.
 */
export const Sealed = z
  .strictObject({
    job: JobId,
    run: RunId,
    stage: StageId,
    attempt: AttemptId,
    commits: z
      .array(PackedCommit)
      .refine(isInTaskOrder, 'commits are not in task order, or a task stands twice')
      .describe('in task order'),
    missing: z.array(TaskId).describe('tasks without a commit; only in a partial result'),
    amendments: z.int().min(0).max(8).describe('how many amendments were counted, from k = 0'),
    nextTasks: z.int().nonnegative().describe('tasks cut for the next stage; 0 after the last'),
    totals: z.strictObject({
      rows: z.int().nonnegative(),
      sizeBytes: z.int().nonnegative(),
      counts: Counts,
      carried: Carried.optional(),
    }),
    formats: FormatVersions,
    sealedAt: z.iso.datetime(),
  })
  .meta({ id: 'Sealed' });
export type Sealed = z.infer<typeof Sealed>;
