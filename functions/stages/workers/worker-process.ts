import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { TaskMemoryError } from '../../contract/errors-query.ts';
import { TaskHungError, WorkerDiedError } from '../../contract/errors-worker.ts';
import type { TaskIds } from '../../contract/ids.ts';
import { renderBytes } from '../../core/render-units.ts';
import type { TaskPlace } from '../run-task.ts';
import type { Resources, TaskProgress } from '../stage-context.ts';
import { readPrivateBytes } from './resident-memory.ts';
import { failureOf } from './task-failure.ts';
import {
  ALIVE_MS,
  type CloudAccess,
  type CommitSummary,
  FromWorker,
  renderTask,
  type TaskFailure,
  type ToWorker,
  type WorkerStart,
} from './worker-messages.ts';
import type { TaskOutput } from './worker-output.ts';

/** From the fork to the first word; a loaded machine takes seconds to read 70 MB of engine. */
const START_SECONDS = 60;
/** A look that comes this late says that the runner stood still, and so heard nobody. */
const LATE_LOOK_MS = 4 * ALIVE_MS;
/** What a dead process printed last is read for so long; its own children may hold the pipe open for ever. */
const LAST_WORDS_MS = 500;
const STDERR_TAIL_BYTES = 4096;
/** A cancelled task may take so long to stop its query. */
const CANCEL_SECONDS = 5;

export type WorkerProcessOptions = {
  readonly entry: string;
  readonly execPath: string;
  readonly start: Omit<WorkerStart, 'token'>;
  /** Limit of the JavaScript heap. */
  readonly heapBytes: number;
  /** Its variables; default: those of this process. */
  readonly env?: Readonly<Record<string, string>>;
};

export type Attempt = {
  readonly ids: TaskIds;
  readonly resources: Resources;
  readonly place?: TaskPlace;
  readonly cloud?: CloudAccess;
  /** Private memory beyond which the process is ended. */
  readonly limitBytes: number;
  /** Silence beyond which the process is ended. */
  readonly hangSeconds: number;
  readonly output: TaskOutput;
  readonly onProgress: (progress: TaskProgress) => void;
  /** Aborted where the task is to end: the process is asked to, and ended where it does not obey. */
  readonly signal: AbortSignal;
};

export type AttemptResult =
  | { readonly kind: 'done'; readonly commit?: CommitSummary | undefined }
  | TaskFailure;

/** One child process, which does one task at a time. */
export type WorkerProcess = {
  /** Never rejects: the death of the process is the failure of its attempt. */
  readonly attempt: (attempt: Attempt) => Promise<AttemptResult>;
  readonly isAlive: () => boolean;
  /** Ends the process; resolves when it is gone. */
  readonly end: () => Promise<void>;
};

type Running = Attempt & { readonly answer: (result: AttemptResult) => void };

/** Starts a worker process, and watches its memory and its pulse while it runs a task. */
export const startWorkerProcess = (options: WorkerProcessOptions): WorkerProcess => {
  const token = randomUUID();
  const start: WorkerStart = { ...options.start, token };
  const child = fork(options.entry, [JSON.stringify(start)], {
    execPath: options.execPath,
    ...(options.env === undefined ? {} : { env: options.env }),
    execArgv: [`--max-old-space-size=${Math.ceil(options.heapBytes / 2 ** 20)}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: what a module starts ends with its worker. On Windows it would be a window of its own.
    detached: process.platform !== 'win32',
  });
  const kill = (): void => {
    child.kill('SIGKILL');
    if (child.pid !== undefined) endGroup(child.pid);
  };
  let running: Running | undefined;
  let isReady = false;
  let isGone = false;
  let [heardAt, lookedAt, rssBytes] = [0, 0, 0];
  let stderrTail = Buffer.alloc(0);
  /** Why this side ended the process. */
  let verdict: TaskFailure | undefined;

  const say = (message: ToWorker): void => {
    // What does not arrive finds the process dead, and its exit is the answer.
    if (child.connected) child.send({ token, message }, () => {});
  };
  const endFor = (failure: TaskFailure): void => {
    verdict ??= failure;
    kill();
  };
  child.on('message', (received) => {
    heardAt = performance.now();
    const parsed = FromWorker.safeParse(received);
    if (running === undefined) {
      if (parsed.data?.kind === 'ready') isReady = true;
      return;
    }
    if (!parsed.success) {
      const how = 'said something that no worker says, and was ended';
      return endFor(failureOf(new WorkerDiedError({ task: renderTask(running.ids), how })));
    }
    const message = parsed.data;
    if (message.kind === 'ready') isReady = true;
    else if (message.kind === 'alive') rssBytes = message.rssBytes;
    else if (message.kind === 'progress')
      running.onProgress({ share: message.share, rowsRead: message.rowsRead });
    else running.answer(message);
  });
  child.stdout?.on('data', (chunk: Buffer) => running?.output.write(chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    stderrTail = Buffer.concat([stderrTail, chunk.subarray(-STDERR_TAIL_BYTES)]).subarray(-STDERR_TAIL_BYTES);
    running?.output.write(chunk);
  });
  const closed = once(child, 'close').catch(() => {}); // an error is told by `gone`
  const gone = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => resolve(renderExit(code, signal)));
    // After the start an error is that of a message or a signal, and the exit follows.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(`could not be started (${error.message})`);
    });
  }).then(async (how) => {
    isGone = true;
    kill();
    await Promise.race([closed, pause(LAST_WORDS_MS, undefined, { ref: false })]);
    child.stdout?.destroy();
    child.stderr?.destroy();
    return how;
  });

  const lost = (task: Attempt, how: string): TaskFailure => {
    if (verdict !== undefined) return verdict;
    if (stderrTail.includes('heap out of memory')) {
      const message = 'the heap of a module is full';
      const facts = { task: renderTask(task.ids), memoryBytes: Math.floor(options.heapBytes), message };
      return failureOf(new TaskMemoryError(facts));
    }
    const printed = task.output.place();
    return failureOf(new WorkerDiedError({ task: renderTask(task.ids), how, printed }));
  };

  const look = async (watched: Running): Promise<void> => {
    const now = performance.now();
    if (now - lookedAt > LATE_LOOK_MS) heardAt = now;
    lookedAt = now;
    const silentSeconds = (now - heardAt) / 1000;
    const task = renderTask(watched.ids);
    if (!isReady && silentSeconds > START_SECONDS) {
      const how = `did not start within ${START_SECONDS} s, and was ended`;
      return endFor(failureOf(new WorkerDiedError({ task, how })));
    }
    if (isReady && silentSeconds > watched.hangSeconds)
      return endFor(failureOf(new TaskHungError({ task, seconds: watched.hangSeconds })));
    const bytes = (await readPrivateBytes(child.pid ?? 0)) ?? rssBytes;
    if (bytes <= watched.limitBytes || running !== watched) return;
    const message = `its worker process had grown to ${renderBytes(bytes)}, and was ended`;
    endFor(failureOf(new TaskMemoryError({ task, memoryBytes: watched.limitBytes, message })));
  };

  return {
    attempt: async (task) => {
      const { promise, resolve } = Promise.withResolvers<AttemptResult>();
      const mine = { ...task, answer: resolve };
      running = mine;
      heardAt = lookedAt = performance.now();
      const timer = setInterval(() => void look(mine), ALIVE_MS);
      const { ids, resources, place, cloud } = task;
      say({
        kind: 'task',
        ids,
        resources,
        ...(place === undefined ? {} : { place }),
        ...(cloud === undefined ? {} : { cloud }),
      });
      let killer: NodeJS.Timeout | undefined;
      const cancel = (): void => {
        say({ kind: 'cancel' });
        killer = setTimeout(kill, CANCEL_SECONDS * 1000);
      };
      task.signal.addEventListener('abort', cancel);
      if (task.signal.aborted) cancel();
      try {
        return await Promise.race([promise, gone.then((how) => lost(task, how))]);
      } finally {
        clearInterval(timer);
        clearTimeout(killer);
        task.signal.removeEventListener('abort', cancel);
        // Answers and prints come by different pipes: what was printed first is read within a turn.
        await nextTurn();
        await nextTurn();
        task.output.end();
        running = undefined;
      }
    },
    isAlive: () => !isGone && verdict === undefined,
    end: async () => {
      // The process ends itself when the channel closes; one that is stopped or broken does not.
      kill();
      await gone;
    },
  };
};

/** Ends what is left of a process's group. */
const endGroup = (pid: number): void => {
  if (process.platform === 'win32') return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
};

const renderExit = (code: number | null, signal: NodeJS.Signals | null): string => {
  if (signal === 'SIGKILL') return 'was killed by SIGKILL, as systems do that run out of memory,';
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
};
