import type { FailureName } from './failures.ts';

/**
 * With what the worker of gpu-image/ ends: 6x where nothing is won by another start, 7x where there may be. The job
 * definition of AWS Batch, the local runner and Python read this one table.
 */
export const WORKER_EXITS = {
  /** Nothing is left to do: every task of the stage is committed. */
  done: 0,
  StateError: 60,
  ModelError: 61,
  EngineStartError: 62,
  TooManyRejectsError: 63,
  BlockMissingError: 64,
  BlockCorruptError: 65,
  ConservationError: 66,
  JobCancelledError: 67,
  /** What the step asks for, as a schema of which no grammar can be made. */
  EngineRefusalError: 68,
  InternalError: 69,
  EngineDiedError: 70,
  StoreError: 71,
  TaskDiskError: 72,
  /** SIGTERM, as of Spot: what could be finished in time is committed. */
  WorkerStoppedError: 75,
} as const satisfies Partial<Record<FailureName | 'done', number>>;
export type WorkerExit = keyof typeof WORKER_EXITS;

/** The row of the table of failures behind an exit code; undefined for `done` and for a code that nobody gives. */
export const failureOfExit = (code: number): FailureName | undefined => {
  const [name] = Object.entries(WORKER_EXITS).find(([, exit]) => exit === code) ?? [];
  return name === undefined || name === 'done' ? undefined : (name as FailureName); // the table's own type
};
