import { fileURLToPath } from 'node:url';
import { StateError } from '../contract/errors-store.ts';
import { parseStageId } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import { readPlan } from '../io/open-run.ts';
import { hangSecondsOf } from '../stages/hang-seconds.ts';
import { parsePlan } from '../stages/parse-plan.ts';
import { reviveFailure } from '../stages/workers/task-failure.ts';
import type { CloudAccess } from '../stages/workers/worker-messages.ts';
import { captureOutput, newOutputBudget } from '../stages/workers/worker-output.ts';
import { startWorkerProcess } from '../stages/workers/worker-process.ts';
import { readEndpoint, readEnvironment } from './environment.ts';
import type { LambdaContext } from './lambda.ts';
import { log } from './log.ts';
import { type RunTaskEvent, runTaskEvent } from './run-task-event.ts';
import { openS3 } from './world.ts';

/** Bundled beside this file; from the sources too. */
const ENTRY = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? './modules-process.ts' : './modules-process.mjs',
    import.meta.url,
  ),
);

/** Of what the function has, beside this process: private memory beyond which the child is ended by name. */
const CHILD_SHARE = 0.8;
/** Of the child's, the heap of JavaScript; the engine has what the world gives it. */
const HEAP_SHARE = 0.5;
/** A task of SQL around the functions never keeps its process silent for so long. */
const HANG_SECONDS = 120;

/**
 * Runs a task in a process of its own, which inherits no variable and no open file: what a user's function breaks,
 * leaks or leaves behind ends with it.
 */
const runInProcess =
  (lambda: LambdaContext): RunTaskEvent =>
  async (world, ids, place) => {
    const limitBytes = Math.floor(Number(lambda.memoryLimitInMB) * 2 ** 20 * CHILD_SHARE);
    const child = startWorkerProcess({
      entry: ENTRY,
      execPath: process.execPath,
      start: { scratchDir: world.scratchDir, worker: world.worker ?? lambda.awsRequestId },
      heapBytes: Math.floor(limitBytes * HEAP_SHARE),
      env: {},
    });
    try {
      const { threads, memoryBytes } = world.resources;
      const result = await child.attempt({
        ids,
        place,
        cloud: await openCloud(),
        resources: { threads, memoryBytes: Math.floor(memoryBytes / 2) },
        limitBytes,
        hangSeconds: await readHangSeconds(world.store, ids),
        output: captureOutput(ids.task, { budget: newOutputBudget(), note: (line) => log.info(line) }),
        onProgress: () => {},
        signal: world.signal,
      });
      if (result.kind === 'done') return result.commit;
      // Its own failure is that it was told to end.
      world.signal.throwIfAborted();
      throw reviveFailure(result, { ids, attempts: 1 });
    } finally {
      await child.end();
    }
  };

const openCloud = async (): Promise<CloudAccess> => {
  const { accessKeyId, secretAccessKey, sessionToken } = await openS3().config.credentials();
  const endpoint = readEndpoint();
  return {
    bucket: readEnvironment('blocksBucket').blocksBucket,
    region: await openS3().config.region(),
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  };
};

const readHangSeconds = async (
  store: Parameters<typeof readPlan>[0],
  { job, run, stage }: { readonly job: string; readonly run: string; readonly stage: string },
): Promise<number> => {
  const header = await readPlan(store, job, run);
  if (header === undefined)
    throw new StateError({ key: KEYS.plan.render({ job, run }), problem: 'it is gone' });
  const planned = parsePlan(header).stages[parseStageId(stage).index];
  return (planned && hangSecondsOf(planned)) ?? HANG_SECONDS;
};

/** The function `modules`, and its large sibling: it has a role of its own. */
export const handler = (event: unknown, lambda: LambdaContext): Promise<Record<string, never>> =>
  runTaskEvent('modules', { event, lambda }, runInProcess(lambda));
