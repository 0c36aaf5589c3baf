import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { StoreError } from '../functions/contract/errors-store.ts';
import type { TaskIds } from '../functions/contract/ids.ts';
import { decideAttempt, MAX_ATTEMPTS } from '../functions/core/decide-attempt.ts';
import { type SharedResources, shareResources } from '../functions/core/share-resources.ts';
import { withoutEndpointVariables } from '../functions/io/endpoints/without-endpoint-variables.ts';
import type { Resources, TaskProgress } from '../functions/stages/stage-context.ts';
import { reviveFailure } from '../functions/stages/workers/task-failure.ts';
import {
  type CommitSummary,
  renderTask,
  type TaskFailure,
} from '../functions/stages/workers/worker-messages.ts';
import {
  captureOutput,
  newOutputBudget,
  noteDropped,
  type TaskOutput,
} from '../functions/stages/workers/worker-output.ts';
import {
  type AttemptResult,
  startWorkerProcess,
  type WorkerProcess,
} from '../functions/stages/workers/worker-process.ts';

/** Far above what a task of SQL ever keeps its process from answering; with modules the caller says what they may. */
export const DEFAULT_HANG_SECONDS = 120;

export type WorkerPoolOptions = {
  /** Of all workers together. */
  readonly total: Resources;
  /** At most so many; default: as many as threads. */
  readonly workers?: number;
  readonly workdir: string;
  /** The runner's own: each worker gets a folder in it. */
  readonly scratchDir: string;
  /** Id of the runner; workers are `{runner}-{n}`. */
  readonly runner: string;
  /** Takes a line for the user: what modules print, and attempts that failed. */
  readonly note: (line: string) => void;
  /** What is kept of attempts beside their commits; default: nothing. */
  readonly keep?: PoolKeeping;
  /** Variables with keys of endpoints that no worker process gets, by the names that are not ours; default: none. */
  readonly keyVariables?: readonly string[];
  /** The script of a worker process; default: the one of this package. */
  readonly entry?: string;
  /** The Node that runs it; default: this one. */
  readonly execPath?: string;
};

/** An attempt of a task, by the process that made it. */
export type PoolAttempt = { readonly ids: TaskIds; readonly worker: string };

export type PoolKeeping = {
  /** Where what an attempt prints is going to be, for people. */
  readonly placeOf: (attempt: PoolAttempt) => string;
  readonly printed: (attempt: PoolAttempt, bytes: Uint8Array) => Promise<void>;
  readonly failed: (attempt: PoolAttempt, failure: TaskFailure['failure']) => Promise<void>;
};

/** How a stage's tasks are doing, all together; `rowsRead` is of this command, without what stood before. */
export type PoolProgress = TaskProgress & { readonly done: number; readonly tasks: number };

export type PoolRunOptions = {
  readonly onCommit: (ids: TaskIds, commit: CommitSummary | undefined) => void;
  readonly onProgress: (progress: PoolProgress) => void;
  /** How much of the work a task is, against the others; default: all alike. */
  readonly weightOf?: (task: string) => number;
  readonly signal: AbortSignal;
  /** Silence after which a worker counts as hung: the longest `timeout` of a module's step, and some seconds. */
  readonly hangSeconds?: number;
};

export type WorkerPool = {
  /**
   * Runs tasks of one stage to their commits. A failed one is tried again as its failure says, three times in all,
   * each time in a fresh process; when it fails for good no new tasks begin, those that run end, and its failure is
   * thrown. Throws the signal's reason when that aborts.
   */
  readonly run: (tasks: readonly TaskIds[], options: PoolRunOptions) => Promise<void>;
  /** Ends processes that have no work, so that others have their memory; the next run starts new ones. */
  readonly rest: () => Promise<void>;
  /** Ends all processes; resolves when they are gone. */
  readonly close: () => Promise<void>;
};

type Task = { readonly ids: TaskIds; attempts: number };

/** A place for one process at a time. */
type Lane = { worker: WorkerProcess | undefined; name: string; scratchDir: string };

/** A stage's tasks on their way. */
type Stage = PoolRunOptions & {
  readonly queue: Task[];
  /** Tasks that wait for all the memory. */
  readonly heavy: Task[];
  readonly progress: Map<string, TaskProgress>;
  readonly tasks: number;
  /** Of all of them. */
  readonly weight: number;
  done: number;
  failure: unknown;
};

/** Opens a pool of worker processes, none of which is started before there is work for it. */
export const openWorkerPool = (options: WorkerPoolOptions): WorkerPool => {
  const lanes: Lane[] = [];
  const budget = newOutputBudget();
  const alone = shareResources({ total: options.total, tasks: 1 });
  let started = 0;

  const start = (lane: Lane): WorkerProcess => {
    const number = started++;
    lane.name = `${options.runner}-${number}`;
    lane.scratchDir = path.join(options.scratchDir, `worker-${number}`);
    lane.worker = startWorkerProcess({
      entry: options.entry ?? ENTRY,
      execPath: options.execPath ?? process.execPath,
      // What runs there is the user's own code, and whatever that has installed.
      env: withoutEndpointVariables(process.env, options.keyVariables ?? []),
      start: {
        workdir: options.workdir,
        scratchDir: lane.scratchDir,
        worker: lane.name,
      },
      heapBytes: alone.limitBytes,
    });
    return lane.worker;
  };

  const retire = async (lane: Lane): Promise<void> => {
    if (lane.worker === undefined) return;
    await lane.worker.end();
    lane.worker = undefined;
    await rm(lane.scratchDir, { recursive: true, force: true });
  };

  const attemptOn = async (lane: Lane, stage: Stage, { task, share }: Placed): Promise<AttemptResult> => {
    const name = renderTask(task.ids);
    task.attempts += 1;
    if (task.attempts > 1 || lane.worker?.isAlive() === false) await retire(lane);
    const worker = lane.worker ?? start(lane);
    const attempt = { ids: task.ids, worker: lane.name };
    const { keep } = options;
    const output = captureOutput(name, {
      budget,
      note: options.note,
      ...(keep === undefined ? {} : { place: keep.placeOf(attempt) }),
    });
    const result = await worker.attempt({
      ids: task.ids,
      resources: share.each,
      limitBytes: share.limitBytes,
      hangSeconds: stage.hangSeconds ?? DEFAULT_HANG_SECONDS,
      signal: stage.signal,
      output,
      onProgress: (progress) => {
        stage.progress.set(task.ids.task, progress);
        stage.onProgress(sumProgress(stage));
      },
    });
    await keepWhatIsLeft(attempt, { output, result, stage });
    if (result.kind === 'done') {
      stage.done += 1;
      const { rowsRead = 0 } = stage.progress.get(task.ids.task) ?? {};
      stage.progress.set(task.ids.task, { share: 1, rowsRead });
      stage.onCommit(task.ids, result.commit);
      stage.onProgress(sumProgress(stage));
    } else stage.progress.delete(task.ids.task);
    return result;
  };

  /** Nothing is decided by it: a store that does not take it ends no task. */
  const keepWhatIsLeft = async (
    attempt: PoolAttempt,
    {
      output,
      result,
      stage,
    }: { readonly output: TaskOutput; readonly result: AttemptResult; readonly stage: Stage },
  ): Promise<void> => {
    const { keep, note } = options;
    try {
      if (output.place() !== undefined) await keep?.printed(attempt, output.kept());
      if (result.kind === 'failed' && !stage.signal.aborted) await keep?.failed(attempt, result.failure);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      note(error.message);
    }
  };

  /** One lane's share of the work: takes tasks until none is left, or one has failed. */
  const work = async (lane: Lane, stage: Stage, share: SharedResources): Promise<void> => {
    const isStopped = (): boolean => stage.failure !== undefined || stage.signal.aborted;
    let task = stage.queue.shift();
    while (task !== undefined && !isStopped()) {
      const result = await attemptOn(lane, stage, { task, share });
      if (result.kind === 'done') {
        task = stage.queue.shift();
        continue;
      }
      if (stage.signal.aborted) return;
      const hadAllMemory = share.workers === 1;
      const decision = decideAttempt({ retry: result.retry, attempts: task.attempts, hadAllMemory });
      if (decision === 'fail') {
        stage.failure ??= reviveFailure(result, task);
        return;
      }
      options.note(
        `${renderTask(task.ids)} attempt ${task.attempts} of ${MAX_ATTEMPTS} failed; ${result.failure.name}: ${result.failure.message}`,
      );
      if (decision === 'again') continue;
      stage.heavy.push(task);
      task = stage.queue.shift();
    }
  };

  /** Runs what is queued; lanes beyond the share end first, for their memory is divided anew. */
  const runWave = async (stage: Stage, share: SharedResources): Promise<void> => {
    while (lanes.length < share.workers) lanes.push({ worker: undefined, name: '', scratchDir: '' });
    await Promise.all(lanes.splice(share.workers).map(retire));
    // A lane that breaks by a mistake of ours stops the others as a failed task does.
    const stop = (error: unknown): void => {
      stage.failure ??= error;
    };
    await Promise.all(lanes.map((lane) => work(lane, stage, share).catch(stop)));
  };

  const rest = async (): Promise<void> => {
    await Promise.all(lanes.splice(0).map(retire));
  };

  return {
    run: async (tasks, runOptions) => {
      const { signal } = runOptions;
      signal.throwIfAborted();
      const queue = tasks.map((ids) => ({ ids, attempts: 0 }));
      const stage: Stage = {
        ...runOptions,
        queue,
        heavy: [],
        progress: new Map(),
        tasks: tasks.length,
        weight: tasks.reduce((sum, { task }) => sum + (runOptions.weightOf?.(task) ?? 1), 0),
        done: 0,
        failure: undefined,
      };
      const { total, workers } = options;
      const limit = workers === undefined ? {} : { maxWorkers: workers };
      await runWave(stage, shareResources({ total, tasks: tasks.length, ...limit }));
      if (stage.heavy.length > 0) {
        stage.queue.push(...stage.heavy.splice(0));
        await runWave(stage, alone);
      }
      signal.throwIfAborted();
      if (stage.failure !== undefined) throw stage.failure;
    },
    rest,
    close: async () => {
      await rest();
      noteDropped(budget, options.note);
    },
  };
};

type Placed = { readonly task: Task; readonly share: SharedResources };

/** From the sources, or bundled: then all scripts of the package lie in one folder. */
const ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url),
);

const sumProgress = ({ progress, tasks, done, weightOf = () => 1, weight }: Stage): PoolProgress => {
  let [share, rowsRead] = [0, 0];
  for (const [task, each] of progress) {
    share += (each.share ?? 0) * weightOf(task);
    rowsRead += each.rowsRead;
  }
  return { share: weight === 0 ? 1 : Math.min(share / weight, 1), rowsRead, done, tasks };
};
