import type { FunctionName, LargeFunctionName } from '../../functions/contract/environment.ts';
import type { Settings } from '../settings.ts';

export type FunctionSize = {
  readonly megabytes: number;
  readonly timeoutSeconds: number;
  /** Of /tmp, in MiB. */
  readonly scratchMebibytes: number;
  /** Concurrency kept for it, which is also the most it gets. */
  readonly reserved?: number;
};

export type DeployedFunction = FunctionName | LargeFunctionName;

/** The most that Lambda gives: a task copies its slice there, spills and writes its block. */
const TASK_SCRATCH = 10_240;
/** Split copies heads and footers of files there. */
const SPLIT_SCRATCH = 4096;
/** Seal writes the index of the next stage there: of four million extents up to half of this. */
const SEAL_SCRATCH = 1024;
const LEAST_SCRATCH = 512;

/** HTTP APIs give up after 30 s, authorizers after 10. */
const API_TIMEOUT_SECONDS = 29;
const AUTHORIZER_TIMEOUT_SECONDS = 9;
export const START_TIMEOUT_SECONDS = 60;
const DISPATCH_TIMEOUT_SECONDS = 60;
/** Of a tick; the next one comes each minute. */
const MONITOR_TIMEOUT_SECONDS = 55;

/** Of the queue's poller too: more would be throttled, and count as receives of their messages. */
export const START_CONCURRENCY = 5;

export const functionSizes = ({ functions }: Settings): Readonly<Record<DeployedFunction, FunctionSize>> => {
  const { taskMegabytes, largeTaskMegabytes, stageMegabytes, timeoutSeconds } = functions;
  const task = { megabytes: taskMegabytes, timeoutSeconds, scratchMebibytes: TASK_SCRATCH };
  const large = { ...task, megabytes: largeTaskMegabytes };
  const stage = { megabytes: stageMegabytes, timeoutSeconds, scratchMebibytes: LEAST_SCRATCH };
  const control = (megabytes: number, seconds: number, reserved: number): FunctionSize => ({
    megabytes,
    timeoutSeconds: seconds,
    scratchMebibytes: LEAST_SCRATCH,
    ...(functions.reservesConcurrency ? { reserved } : {}),
  });
  return {
    split: { ...stage, scratchMebibytes: SPLIT_SCRATCH },
    map: task,
    'map-large': large,
    reduce: task,
    'reduce-large': large,
    modules: task,
    'modules-large': large,
    seal: { ...stage, scratchMebibytes: SEAL_SCRATCH },
    publish: stage,
    end: stage,
    // The parser of expressions is DuckDB's: a vCPU makes it start in a second.
    start: control(1769, START_TIMEOUT_SECONDS, START_CONCURRENCY),
    api: control(1769, API_TIMEOUT_SECONDS, 20),
    dispatch: control(512, DISPATCH_TIMEOUT_SECONDS, 5),
    authorizer: control(512, AUTHORIZER_TIMEOUT_SECONDS, 20),
    // Two ticks at once would forecast the same.
    monitor: control(1769, MONITOR_TIMEOUT_SECONDS, 1),
  };
};
