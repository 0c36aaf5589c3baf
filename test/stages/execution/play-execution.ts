/** Plays the state machine in this process: its states in order, its Maps one task after another, by the same data. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  CaughtError,
  ExecutionState,
  SplitEvent,
  TaskEvent,
} from '../../../functions/contract/execution.ts';
import { TaskLine } from '../../../functions/contract/execution.ts';
import { KEYS } from '../../../functions/contract/keys.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { newAttempt } from '../../../functions/io/this-machine.ts';
import { beginExecution } from '../../../functions/stages/execution/begin-execution.ts';
import { endExecution } from '../../../functions/stages/execution/end-execution.ts';
import type { ExecutionContext } from '../../../functions/stages/execution/execution-context.ts';
import { publishExecution } from '../../../functions/stages/execution/publish-execution.ts';
import { sealExecution } from '../../../functions/stages/execution/seal-execution.ts';
import { runTask } from '../../../functions/stages/run-task.ts';

export type PlayOptions = {
  readonly context: ExecutionContext;
  /** Stands for one execution of a task; default: runs it. What it throws is what the function threw. */
  readonly runTask?: (event: TaskEvent, run: () => Promise<unknown>) => Promise<unknown>;
  /** Called before each state. */
  readonly onState?: (state: ExecutionState) => Promise<void> | void;
};

/** A loop that goes on for longer has no end. */
const MAX_STATES = 200;

export const contextFor = async (
  store: ObjectStore,
  folder: string,
  more: Partial<ExecutionContext> = {},
): Promise<ExecutionContext> => {
  const scratchDir = join(folder, 'scratch');
  await mkdir(scratchDir, { recursive: true });
  return {
    store,
    findPresence: async () => 'working',
    now: () => new Date(),
    newAttempt,
    scratchDir,
    resources: { threads: 1, memoryBytes: 256e6 },
    signal: new AbortController().signal,
    onProgress: () => {},
    mostTasks: 1000,
    keepBlocks: false,
    mayGoOn: () => true,
    note: () => {},
    ...more,
  };
};

const caught = (error: unknown): CaughtError => {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { Error: name, Cause: JSON.stringify({ errorType: name, errorMessage: message }) };
};

/** Runs an execution to its end and returns the last state. */
export const playExecution = async (options: PlayOptions, input: SplitEvent): Promise<ExecutionState> => {
  const { context } = options;
  let state = await orEnd(options, input, () => beginExecution(context, input));
  for (let count = 0; count < MAX_STATES; count += 1) {
    await options.onState?.(state);
    const now = state;
    switch (now.next) {
      case 'end':
        return now;
      case 'split':
        state = await orEnd(options, now, () => beginExecution(context, now));
        break;
      case 'publish':
        state = await orEnd(options, now, () => publishExecution(context, now));
        break;
      default:
        await playPass(options, now);
        state = await orEnd(options, now, () => sealExecution(context, now));
    }
  }
  throw new Error('the execution does not end');
};

const orEnd = async (
  { context }: PlayOptions,
  ids: SplitEvent,
  act: () => Promise<ExecutionState>,
): Promise<ExecutionState> => {
  try {
    return await act();
  } catch (error) {
    return endExecution(context, { ...ids, error: caught(error) });
  }
};

const playPass = async (options: PlayOptions, state: ExecutionState): Promise<void> => {
  const { context } = options;
  const lines = state.next.endsWith('-one') ? [state.one ?? lost()] : await readLines(context.store, state);
  for (const line of lines) {
    const { job, run, stage, tasksKey } = state;
    const event: TaskEvent = { job, run, stage, tasksKey, ...line };
    const act = () => runTask(context, { job, run, stage, task: line.task }, event);
    try {
      await (options.runTask ?? ((_, play) => play()))(event, act);
    } catch (error) {
      const note = caught(error);
      const key = KEYS.failure.render({ job, run, stage, task: line.task, note: crypto.randomUUID() });
      await context.store.put(key, new TextEncoder().encode(JSON.stringify(note)));
    }
  }
};

const lost = (): never => {
  throw new Error('the state of one task names none');
};

const readLines = async (store: ObjectStore, { itemsKey }: ExecutionState): Promise<readonly TaskLine[]> => {
  const bytes = await store.get(itemsKey);
  return new TextDecoder()
    .decode(bytes)
    .trimEnd()
    .split('\n')
    .map((line) => TaskLine.parse(JSON.parse(line)));
};
