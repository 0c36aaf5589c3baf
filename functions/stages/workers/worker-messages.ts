import * as z from 'zod';
import { JobId, RunId, StageId, TaskId } from '../../contract/ids.ts';

/** How a worker process is started: the one argument of its entry, as JSON. */
export const WorkerStart = z.strictObject({
  workdir: z.string(),
  scratchDir: z.string().describe('of this process alone; its runner removes it'),
  worker: z.string(),
});
export type WorkerStart = z.infer<typeof WorkerStart>;

/** What the runner says. */
export const ToWorker = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('task'),
    ids: z.strictObject({ job: JobId, run: RunId, stage: StageId, task: TaskId }),
    resources: z.strictObject({ threads: z.int().min(1), memoryBytes: z.number().positive() }),
  }),
  z.strictObject({ kind: z.literal('cancel') }),
]);
export type ToWorker = z.infer<typeof ToWorker>;

/** The part of a commit that the runner shows; everything else is read from the commit. */
export const CommitSummary = z.strictObject({
  task: TaskId,
  attempt: z.string(),
  rows: z.int().min(0),
  rejected: z.int().min(0),
  sizeBytes: z.int().min(0),
});
export type CommitSummary = z.infer<typeof CommitSummary>;

export const TaskFailure = z.strictObject({
  kind: z.literal('failed'),
  failure: z.strictObject({ name: z.string(), message: z.string(), rejects: z.string().optional() }),
  retry: z.enum(['never', 'again', 'again-with-more-memory']),
});
export type TaskFailure = z.infer<typeof TaskFailure>;

/** What a worker says. `commit` is absent where the stage was sealed without the task. */
export const FromWorker = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ready') }),
  z.strictObject({ kind: z.literal('alive'), rssBytes: z.int().min(0) }),
  z.strictObject({ kind: z.literal('progress'), share: z.number().optional(), rowsRead: z.int().min(0) }),
  z.strictObject({ kind: z.literal('done'), commit: CommitSummary.optional() }),
  TaskFailure,
]);
export type FromWorker = z.infer<typeof FromWorker>;

/** A worker says this often that it lives; a runner looks as often. */
export const ALIVE_MS = 250;

export const renderTask = ({ stage, task }: { readonly stage: string; readonly task: string }): string =>
  `${stage} ${task}`;
