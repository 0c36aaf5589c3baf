import { rm } from 'node:fs/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { TaskTimeoutError } from '../contract/errors-worker.ts';
import { findCloudPresence } from '../io/cloud/cloud-presence.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { createS3Client } from '../io/s3/s3-client.ts';
import { openS3Store } from '../io/s3/s3-store.ts';
import { newAttempt } from '../io/this-machine.ts';
import type { RunContext } from '../stages/begin-run.ts';
import { watchOwnMemory } from '../stages/workers/watch-own-memory.ts';
import { readEndpoint, readEnvironment } from './environment.ts';
import type { LambdaContext } from './lambda.ts';
import { openScratch } from './open-scratch.ts';

/** @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MEGABYTES_OF_A_CPU = 1769;

/** The rest is Node, the engine's own code, and buffers of requests. */
const ENGINE_SHARE = 0.6;

/** Before its time is up a function ends by name, and its commit, its requests and its log have this long. */
const MARGIN_MS = 20_000;
const MARGIN_SHARE = 0.1;

/** A running task looks so often whether its run was halted: a request each. */
const HALT_LOOK_MS = 5_000;

/** Clients outlive an invocation: their connections stay open while the function is warm. */
let client: S3Client | undefined;
export const openS3 = (): S3Client => (client ??= createS3Client({ endpoint: readEndpoint() }));

/** The store of the state. */
export const openStore = (): ObjectStore =>
  openS3Store(openS3(), { bucket: readEnvironment('blocksBucket').blocksBucket });

/** What a function may use of the machine that it has. */
export const resourcesOf = ({ memoryLimitInMB }: LambdaContext): RunContext['resources'] => {
  const megabytes = Number(memoryLimitInMB);
  return {
    threads: Math.max(1, Math.round(megabytes / MEGABYTES_OF_A_CPU)),
    memoryBytes: Math.floor(megabytes * 2 ** 20 * ENGINE_SHARE),
  };
};

/**
 * Lends the world of one invocation: a scratch folder of its own, a signal that aborts with TaskTimeoutError before
 * the function's time is up, and with TaskMemoryError before its memory is. A query that obeys neither ends the
 * process: the next invocation must not share it.
 */
export const withWorld = async <Result>(
  lambda: LambdaContext,
  where: string,
  use: (world: RunContext) => Promise<Result>,
): Promise<Result> => {
  const remainingMs = lambda.getRemainingTimeInMillis();
  const marginMs = Math.min(MARGIN_MS, remainingMs * MARGIN_SHARE);
  const late = new AbortController();
  const seconds = Math.round(remainingMs / 1000);
  const timer = setTimeout(
    () => late.abort(new TaskTimeoutError({ task: where, seconds })),
    remainingMs - marginMs,
  );
  const scratchDir = await openScratch();
  const store = openStore();
  const world: RunContext = {
    store,
    s3: openS3(),
    findPresence: (job) => findCloudPresence(store, job),
    now: () => new Date(),
    newAttempt,
    scratchDir,
    worker: `lambda-${lambda.awsRequestId}`,
    resources: resourcesOf(lambda),
    haltLookMs: HALT_LOOK_MS,
    signal: late.signal,
    onProgress: () => {},
  };
  try {
    return await watchOwnMemory({ context: world, task: where, onDisobeyed: leave }, use);
  } finally {
    clearTimeout(timer);
    await rm(scratchDir, { recursive: true, force: true });
  }
};

/** Lambda sees `Runtime.ExitError`, which counts as memory that ran out. */
const leave = (reason: unknown): void => {
  process.stderr.write(`a query did not end when it was told to (${String(reason)}): the process ends\n`);
  process.exit(1);
};
