import type { DaybreakError } from '../../functions/contract/errors.ts';
import { JobCancelledError } from '../../functions/contract/errors-store.ts';
import { WorkerDiedError, WorkerTaskError } from '../../functions/contract/errors-worker.ts';
import type { StageIds } from '../../functions/contract/ids.ts';
import type { Failure, Halt } from '../../functions/contract/outcome.ts';
import { failureOfExit, WORKER_EXITS } from '../../functions/contract/worker-exits.ts';
import type { ModelWorkerExit } from './start-model-worker.ts';

/** All that is known of how a worker ended. */
export type WorkerEnd = {
  readonly exit: ModelWorkerExit;
  /** What it said itself, if it could. */
  readonly said: Pick<Failure, 'name' | 'message' | 'rejects'> | undefined;
  /** Why the run is to end, where somebody has asked for that. */
  readonly halt: Halt | undefined;
};

/** The failure that a worker ended with; undefined where it has nothing left to do. */
export const judgeWorkerExit = (
  stage: StageIds,
  { exit, said, halt }: WorkerEnd,
): DaybreakError | undefined => {
  if (exit.code === WORKER_EXITS.done) return undefined;
  const name = exit.code === undefined ? undefined : failureOfExit(exit.code);
  const task = `the worker of ${stage.stage}`;
  if (name === 'JobCancelledError') {
    const failure = halt?.reason === 'failure' ? halt.failure : undefined;
    return failure === undefined ? new JobCancelledError(stage) : workerFailure(failure, task);
  }
  if (said !== undefined) return workerFailure(said, task);
  if (name === undefined) return new WorkerDiedError({ task: stage.stage, how: exit.how });
  return new WorkerTaskError({ name, message: `${task} ${exit.how}`, task, attempts: 1 });
};

const workerFailure = (
  { name, message, rejects }: Pick<Failure, 'name' | 'message' | 'rejects'>,
  task: string,
): WorkerTaskError => new WorkerTaskError({ name, message, rejects, task, attempts: 1 });
