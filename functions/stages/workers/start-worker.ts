import { mkdir } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { JobCancelledError } from '../../contract/errors-store.ts';
import type { TaskIds } from '../../contract/ids.ts';
import { openFileStore } from '../../io/file-store.ts';
import { newAttempt } from '../../io/this-machine.ts';
import type { TaskPlace } from '../run-task.ts';
import type { StageContext } from '../stage-context.ts';
import { failureOf } from './task-failure.ts';
import {
  ALIVE_MS,
  type CloudAccess,
  type CommitSummary,
  type FromWorker,
  Signed,
  ToWorker,
  WorkerStart,
} from './worker-messages.ts';

/** Does one task; `undefined` where it need not be done any more. What it throws is the failure of the attempt. */
export type WorkerWork = (
  context: StageContext,
  ids: TaskIds,
  place?: TaskPlace,
) => Promise<CommitSummary | undefined>;

/**
 * The whole life of a worker process: takes tasks from its runner over the channel, one at a time, and says how
 * they end. It ends by itself as soon as the channel closes, in the middle of whatever it does.
 */
export const startWorker = (work: WorkerWork): void => {
  const say = takeChannel();
  if (say === undefined) {
    process.stderr.write('this is a worker process: `daybreak run` starts it, nobody else\n');
    process.exitCode = 2;
    return;
  }
  const start = WorkerStart.parse(JSON.parse(process.argv[2] ?? ''));
  process.argv.splice(2, 1);
  endWithRunner();
  for (const stream of [process.stdout, process.stderr]) writeAtOnce(stream);
  let running: AbortController | undefined;
  process.on('message', (received) => {
    const signed = Signed.safeParse(received);
    if (signed.data?.token !== start.token) return;
    const message = ToWorker.parse(signed.data.message);
    if (message.kind === 'cancel') return running?.abort();
    running = new AbortController();
    void runOne({ start, work, say, signal: running.signal }, message);
  });
  setInterval(() => say({ kind: 'alive', rssBytes: process.memoryUsage.rss() }), ALIVE_MS).unref();
  say({ kind: 'ready' });
};

type Say = (message: FromWorker) => void;

/** The channel as ours alone: a library that finds `process.send` would talk to the runner. */
const takeChannel = (): Say | undefined => {
  const send = process.send?.bind(process);
  if (send === undefined) return undefined;
  Reflect.deleteProperty(process, 'send');
  return (message) => {
    // A message that does not leave finds the channel closed: this process is about to end.
    if (process.connected) send(message, undefined, undefined, () => {});
  };
};

/**
 * A signal of the terminal goes to the whole group, and the runner decides what it means. Where the runner is gone,
 * this process ends: by SIGKILL, since `process.exit` waits for a query that runs, and from a thread of its own too,
 * since a function that never returns lets no event through.
 */
const endWithRunner = (): void => {
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  // The whole group, which is this worker's own: what a module has started ends with it.
  process.on('disconnect', () => {
    try {
      process.kill(-process.pid, 'SIGKILL');
    } finally {
      process.kill(process.pid, 'SIGKILL');
    }
  });
  new Worker(GUARD, { eval: true, workerData: { runner: process.ppid } }).unref();
};

/** Whoever prints waits for the runner to read: what a loop prints would pile up in this process until it ends. */
const writeAtOnce = (stream: NodeJS.WriteStream): void => {
  // Node has no public name for it; the handle of a pipe has had the method since Node 0.12.
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (isBlocking: boolean) => void } };
  handle?.setBlocking?.(true);
};

/** Source and no file of its own: it must load whether this runs from the sources or bundled. */
const GUARD = `
const { runner } = require('node:worker_threads').workerData;
const isGone = () => {
  if (process.ppid !== runner) return true;
  try { process.kill(runner, 0); return false; } catch (error) { return error.code === 'ESRCH'; }
};
const end = () => { try { process.kill(-process.pid, 'SIGKILL'); } finally { process.kill(process.pid, 'SIGKILL'); } };
setInterval(() => { if (isGone()) end(); }, 500);
`;

type Attempt = {
  readonly start: WorkerStart;
  readonly work: WorkerWork;
  readonly say: Say;
  readonly signal: AbortSignal;
};

const openStores = async (
  { workdir }: WorkerStart,
  cloud: CloudAccess | undefined,
): Promise<Pick<StageContext, 'store' | 's3'>> => {
  if (cloud !== undefined) {
    const { accessKeyId, secretAccessKey, sessionToken } = cloud.credentials;
    const credentials = {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
    // A worker of a local run, which has files, is spared the SDK: it takes a tenth of a second to load.
    const { createS3Client } = await import('../../io/s3/s3-client.ts');
    const { openS3Store } = await import('../../io/s3/s3-store.ts');
    const s3 = createS3Client({ ...cloud, credentials });
    return { s3, store: openS3Store(s3, cloud) };
  }
  if (workdir === undefined) throw new Error('a task brought no store, and the worker has no work folder');
  // One for all tasks of the process: what was read of a stage's list is kept by its store.
  local ??= openFileStore(workdir);
  return { store: await local };
};

let local: ReturnType<typeof openFileStore> | undefined;

const runOne = async (
  attempt: Attempt,
  { ids, resources, place, cloud }: Extract<ToWorker, { kind: 'task' }>,
): Promise<void> => {
  const { start, work, say } = attempt;
  try {
    const cancelled = new AbortController();
    attempt.signal.addEventListener('abort', () => cancelled.abort(new JobCancelledError(ids)));
    await mkdir(start.scratchDir, { recursive: true });
    const context: StageContext = {
      ...(await openStores(start, cloud)),
      scratchDir: start.scratchDir,
      worker: start.worker,
      resources,
      signal: cancelled.signal,
      now: () => new Date(),
      newAttempt,
      onProgress: ({ share, rowsRead }) =>
        say({ kind: 'progress', rowsRead, ...(share === undefined ? {} : { share }) }),
    };
    const commit = await work(context, ids, place);
    say({ kind: 'done', ...(commit === undefined ? {} : { commit }) });
  } catch (error) {
    say(failureOf(error));
  }
};
