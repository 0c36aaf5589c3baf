import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { StageIds } from '../../functions/contract/ids.ts';
import { WorkerEvent } from '../../functions/contract/worker-events.ts';
import { withoutEndpointVariables } from '../../functions/io/endpoints/without-endpoint-variables.ts';
import type { WorkerCommand } from '../../functions/io/models/engine-facts.ts';
import type { Resources } from '../../functions/stages/stage-context.ts';

/** From SIGTERM to SIGKILL: a worker ends within 25 s, with what could be finished committed. */
const STOP_MS = 30_000;

export type ModelWorkerStart = {
  readonly command: WorkerCommand;
  readonly resources: Resources;
  /** Variables with keys of endpoints, by the names that are not ours. */
  readonly keyVariables: readonly string[];
  /** The folder of the store; absolute. */
  readonly store: string;
  readonly scratchDir: string;
  readonly stage: StageIds;
  /** A name that no other worker of the run has. */
  readonly worker: string;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Takes each line that is no event: what the engine and its libraries print. */
  readonly onPrint: (line: string) => void;
};

/** `code` is absent where a signal ended it; `how` goes on from "the worker": ended with exit code 70. */
export type ModelWorkerExit = { readonly code: number | undefined; readonly how: string };

export type ModelWorker = {
  /** Resolves when the process is gone. Never rejects. */
  readonly ended: Promise<ModelWorkerExit>;
  /** Asks it to end, and ends it where it does not within {@link STOP_MS}. */
  readonly stop: () => void;
};

/**
 * Starts the worker of gpu-image/ on a stage of this machine. It ends with this process, however that ends: its
 * standard input closes then. Keys of endpoints are not among its variables.
 */
export const startModelWorker = (start: ModelWorkerStart): ModelWorker => {
  const { command } = start;
  const child = spawn(command.python, argumentsOf(start), {
    env: {
      ...withoutEndpointVariables(process.env, start.keyVariables),
      ...command.environment(start.resources),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C of a terminal is this process's to pass on, and what it starts ends with it.
    detached: process.platform !== 'win32',
  });
  const kill = (): void => endGroup(child.pid);
  process.on('exit', kill);
  let killer: NodeJS.Timeout | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = parseEvent(line);
    if (event === undefined) start.onPrint(line);
    else start.onEvent(event);
  });
  createInterface({ input: child.stderr }).on('line', start.onPrint);
  // A pipe to a process that is gone: its exit says so.
  child.stdin.on('error', () => {});
  const ended = new Promise<ModelWorkerExit>((resolve) => {
    child.on('close', (code, signal) => resolve(renderExit(code, signal)));
    child.on('error', (error) => {
      const how = `could not be started by ${command.python}: ${error.message}`;
      if (child.pid === undefined) resolve({ code: undefined, how });
    });
  }).finally(() => {
    clearTimeout(killer);
    process.off('exit', kill);
    // The engine is a process of its own.
    kill();
  });
  return {
    ended,
    stop: () => {
      if (killer !== undefined) return;
      child.kill('SIGTERM');
      killer = setTimeout(kill, STOP_MS);
    },
  };
};

const argumentsOf = ({ store, scratchDir, stage, worker }: ModelWorkerStart): readonly string[] => {
  const { job, run } = stage;
  const named = { store, job, run, stage: stage.stage, worker, scratch: scratchDir };
  const options = Object.entries(named).flatMap(([name, value]) => [`--${name}`, value]);
  return ['-m', 'daybreak_worker', ...options, '--index', '0', '--of', '1', '--until-stdin-closes'];
};

const parseEvent = (line: string): WorkerEvent | undefined => {
  if (!line.startsWith('{')) return undefined;
  try {
    return WorkerEvent.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
};

const endGroup = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
};

const renderExit = (code: number | null, signal: NodeJS.Signals | null): ModelWorkerExit => {
  if (code !== null) return { code, how: `ended with exit code ${code}` };
  const how =
    signal === 'SIGKILL'
      ? 'was killed by SIGKILL, as systems do that run out of memory'
      : `was ended by ${signal}`;
  return { code: undefined, how };
};
