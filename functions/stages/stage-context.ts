import type { S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../io/object-store.ts';

/** What one process may use; totals, in bytes and threads. */
export type Resources = { readonly threads: number; readonly memoryBytes: number };

/** A look at a running task; `share` is the part of the input read, 0 to 1, where the engine can tell. */
export type TaskProgress = { readonly share: number | undefined; readonly rowsRead: number };

/** The world as stages see it: time, ids and stores come in, so that a test decides them. */
export type StageContext = {
  readonly store: ObjectStore;
  /** Where `s3://` addresses of inputs and outputs are read and written; absent where a job may name none. */
  readonly s3?: S3Client;
  /** Addresses on S3 that no job may write to, beside the store's own bucket: the inbox, whose objects start jobs. */
  readonly reserved?: readonly string[];
  readonly now: () => Date;
  /** Draws 96 random bits as 24 hex digits. */
  readonly newAttempt: () => string;
  /** An existing folder that this process alone uses, for spills and unfinished blocks. */
  readonly scratchDir: string;
  /** Who runs the tasks, for their commits and the trace. */
  readonly worker?: string;
  readonly resources: Resources;
  /**
   * Bytes that one task reads, of the input and of what a shuffle wrote, where each task has a machine of its own.
   * Absent on one machine, where one task is best.
   */
  readonly sliceBytes?: number;
  /** How often a running task looks whether its run was halted: a request each. */
  readonly haltLookMs?: number;
  /** Aborted where the run is to end; `reason` is the error to end with. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TaskProgress) => void;
};
