import * as z from 'zod';
import { TaskLine } from '../../contract/execution.ts';
import { JobId, RunId, StageId, TaskId } from '../../contract/ids.ts';

/** How a worker process is started: the one argument of its entry, as JSON. */
export const WorkerStart = z.strictObject({
  workdir: z.string().optional().describe('the work folder; absent where each task brings its store'),
  scratchDir: z.string().describe('of this process alone; its runner removes it'),
  worker: z.string(),
  token: z.string().min(1).describe('what the messages of the runner carry: others are none of it'),
});
export type WorkerStart = z.infer<typeof WorkerStart>;

/**
 * The store in S3 and how to reach it. A message and no variable of the environment brings it: what a module starts
 * inherits nothing.
 */
export const CloudAccess = z.strictObject({
  bucket: z.string(),
  region: z.string(),
  endpoint: z.string().optional(),
  credentials: z.strictObject({
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string().optional(),
  }),
});
export type CloudAccess = z.infer<typeof CloudAccess>;

/** What the runner says. */
export const ToWorker = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('task'),
    ids: z.strictObject({ job: JobId, run: RunId, stage: StageId, task: TaskId }),
    resources: z.strictObject({ threads: z.int().min(1), memoryBytes: z.number().positive() }),
    place: TaskLine.extend({ tasksKey: z.string() })
      .optional()
      .describe('where the task stands in its list; absent where the list is read'),
    cloud: CloudAccess.optional().describe('absent where the store is the work folder'),
  }),
  z.strictObject({ kind: z.literal('cancel') }),
]);
export type ToWorker = z.infer<typeof ToWorker>;

/** Whatever runs in a worker can emit events of its process; a message with the token is the runner's. */
export const Signed = z.strictObject({ token: z.string(), message: z.unknown() });

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
