/** What each function may do, and with it what it is told: one paragraph a function, in the order of the flow. */
import { Stack } from 'aws-cdk-lib';
import { ENVIRONMENT, TASK_FUNCTIONS, type TaskFunctionName } from '../../functions/contract/environment.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { allowedUrisOf } from '../allowed-uris-of.ts';
import type { ApiKeys } from '../api-keys.ts';
import type { Buckets } from '../buckets.ts';
import type { JobQueue } from '../job-queue.ts';
import { keyPattern } from '../key-pattern.ts';
import type { Settings } from '../settings.ts';
import { executionArns, machineArn } from '../state-machine/machine-arns.ts';
import { DataPlaces } from './data-places.ts';
import type { DeployedFunction } from './function-sizes.ts';
import type { HouseFunction } from './house-function.ts';
import { grantDelete, grantRead, grantWrite, type Place } from './place.ts';

/** What there is besides the functions. */
export type Surroundings = {
  readonly settings: Settings;
  readonly buckets: Buckets;
  readonly queue: JobQueue;
  readonly apiKeys: ApiKeys;
};

type World = Surroundings & { readonly blocks: Place; readonly data: DataPlaces };

const JOBS = 'jobs/*';
const BLOCKS = 'b/*';
const HISTORY = keyPattern(KEYS.history);
const SLOTS = keyPattern(KEYS.slot);
const WAITING = keyPattern(KEYS.waiting);

export const grantPermissions = (
  of: Readonly<Record<DeployedFunction, HouseFunction>>,
  surroundings: Surroundings,
): void => {
  const { settings, buckets } = surroundings;
  const blocks: Place = {
    bucketArn: buckets.blocks.bucketArn,
    told: { variable: ENVIRONMENT.blocksBucket, name: buckets.blocks.bucketName },
    kmsKeyArns: settings.kmsKeyArn === undefined ? [] : [settings.kmsKeyArn],
  };
  const world: World = { ...surroundings, blocks, data: new DataPlaces(buckets, settings) };
  grantSplit(of.split, world);
  for (const name of TASK_FUNCTIONS) {
    grantTask(of[name], name, world);
    grantTask(of[`${name}-large`], name, world);
  }
  grantSeal(of.seal, world);
  grantPublish(of.publish, world);
  grantEnd(of.end, world);
  grantStart(of.start, world);
  grantDispatch(of.dispatch, world);
  grantApi(of.api, world);
  grantAuthorizer(of.authorizer, world);
  grantMonitor(of.monitor, world);
};

/**
 * Blocks, to see which of an earlier run are still there, and to delete those of stages that were sealed in it; slots
 * and waiting jobs, to know whether who claims the output is still at work.
 */
const grantSplit = (fn: HouseFunction, { blocks, data, settings }: World): void => {
  grantRead(fn, blocks, JOBS, BLOCKS, HISTORY, SLOTS, WAITING);
  grantWrite(fn, blocks, JOBS);
  grantDelete(fn, blocks, BLOCKS);
  data.grantInputs(fn);
  data.grantOutputs(fn);
  tellExecution(fn, settings);
};

/** A task writes its block and its commit, or ends the run; a block that proved corrupt it deletes, to be made again. */
const grantTask = (fn: HouseFunction, name: TaskFunctionName, { blocks, data }: World): void => {
  const own = [KEYS.commit, KEYS.rejects, KEYS.halt].map(keyPattern);
  grantRead(fn, blocks, JOBS, BLOCKS);
  grantWrite(fn, blocks, BLOCKS, ...own);
  grantDelete(fn, blocks, BLOCKS);
  if (name !== 'reduce') data.grantInputs(fn);
};

const grantSeal = (fn: HouseFunction, { blocks, settings }: World): void => {
  grantRead(fn, blocks, JOBS, BLOCKS);
  grantWrite(fn, blocks, JOBS);
  grantDelete(fn, blocks, BLOCKS);
  tellExecution(fn, settings);
};

const grantPublish = (fn: HouseFunction, { blocks, data, settings }: World): void => {
  grantRead(fn, blocks, JOBS, BLOCKS, SLOTS, WAITING);
  grantWrite(fn, blocks, JOBS, HISTORY);
  grantDelete(fn, blocks, BLOCKS);
  data.grantOutputs(fn);
  tellExecution(fn, settings);
};

const grantEnd = (fn: HouseFunction, { blocks, data, settings }: World): void => {
  grantRead(fn, blocks, JOBS);
  grantWrite(fn, blocks, JOBS);
  data.grantRelease(fn);
  tellExecution(fn, settings);
};

/** Puts a job and lets it wait; a resume asks how the last go stands, and takes back the wish to cancel. */
const grantStart = (fn: HouseFunction, world: World): void => {
  const { blocks, data, settings } = world;
  grantDispatch(fn, world);
  grantRead(fn, blocks, JOBS);
  grantWrite(fn, blocks, keyPattern(KEYS.job), WAITING);
  grantDelete(fn, blocks, keyPattern(KEYS.halt));
  allowExecutions(fn, settings, 'states:DescribeExecution');
  grantRead(fn, data.own, 'inbox/*');
  grantWrite(fn, data.own, 'inbox/*.rejected.json');
  tellAllowedUris(fn, world);
};

/** What start, dispatch and monitor do alike: a slot for the job that waits first, and its execution. */
const grantDispatch = (fn: HouseFunction, { blocks, settings }: World): void => {
  const arn = machineArn(fn, settings.stackName);
  grantRead(fn, blocks, SLOTS, WAITING);
  grantWrite(fn, blocks, SLOTS);
  grantDelete(fn, blocks, SLOTS, WAITING);
  fn.set(ENVIRONMENT.mostJobs, String(settings.concurrency.mostJobs));
  fn.set(ENVIRONMENT.stateMachineArn, arn);
  fn.allow({ actions: ['states:StartExecution'], resources: [arn] });
};

/** Jobs go through the queue, with their modules beside them; a cancel acts at once, and gives the output back. */
const grantApi = (fn: HouseFunction, world: World): void => {
  const { blocks, data, queue } = world;
  const cancelled = [KEYS.halt, KEYS.outcome, KEYS.report, KEYS.trace].map(keyPattern);
  grantRead(fn, blocks, JOBS, SLOTS, WAITING);
  grantWrite(fn, blocks, ...cancelled, keyPattern(KEYS.module));
  data.grantRelease(fn);
  fn.set(ENVIRONMENT.queueUrl, queue.queue.queueUrl);
  fn.allow({ actions: ['sqs:SendMessage'], resources: [queue.queue.queueArn] });
  tellAllowedUris(fn, world);
};

const grantAuthorizer = (fn: HouseFunction, { apiKeys }: World): void => {
  fn.set(ENVIRONMENT.apiKeysSecretArn, apiKeys.secret.secretArn);
  fn.allow({ actions: ['secretsmanager:GetSecretValue'], resources: [apiKeys.secret.secretArn] });
};

/** Frees the slots of executions that have ended; one whose job was cancelled, and which does not end, is stopped. */
const grantMonitor = (fn: HouseFunction, world: World): void => {
  const { blocks, settings } = world;
  grantDispatch(fn, world);
  grantRead(fn, blocks, JOBS);
  allowExecutions(fn, settings, 'states:DescribeExecution', 'states:StopExecution');
};

const allowExecutions = (fn: HouseFunction, { stackName }: Settings, ...actions: string[]): void => {
  fn.allow({
    actions,
    resources: [executionArns(fn, stackName)],
    wildcardReason: 'An execution is named after its job, its run and its go.',
  });
};

/** What split, seal, publish and end alike are told. */
const tellExecution = (fn: HouseFunction, { concurrency, sliceBytes, keepsBlocks }: Settings): void => {
  fn.set(ENVIRONMENT.mostTasks, String(concurrency.mostTasks));
  fn.set(ENVIRONMENT.sliceBytes, String(sliceBytes));
  fn.set(ENVIRONMENT.keepBlocks, String(keepsBlocks));
};

const tellAllowedUris = (fn: HouseFunction, { settings, buckets }: World): void => {
  const allowed = allowedUrisOf(settings, buckets.data.bucketName);
  fn.set(ENVIRONMENT.allowedUris, Stack.of(fn).toJsonString(allowed));
};
