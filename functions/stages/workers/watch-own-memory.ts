import { TaskMemoryError } from '../../contract/errors-query.ts';
import { renderBytes } from '../../core/render-units.ts';
import { shareResources } from '../../core/share-resources.ts';
import type { StageContext } from '../stage-context.ts';
import { readPrivateBytes } from './resident-memory.ts';
import { ALIVE_MS } from './worker-messages.ts';

/** So long a query may take to obey; one that evaluates a vector does not hear, and its memory grows meanwhile. */
const GRACE_MS = 1000;
/** From the last word of a command to its end, where nothing but such a query is left. */
const LAST_WORDS_MS = 200;

/**
 * Runs what the engine does in this process, whose end no other process can bring about: where private memory
 * passes the limit that a worker alone would have, the signal of `watched` aborts with TaskMemoryError. Where that,
 * or a cancel, is not obeyed, fails with its reason all the same; `act` is left behind then, and the process has to
 * end by {@link leaveWith}.
 */
export const watchOwnMemory = async <Context extends StageContext, Result>(
  {
    context,
    task,
    onDisobeyed,
  }: {
    readonly context: Context;
    readonly task: string;
    /** What to do where `act` is left behind; default: nothing. A process that serves others must not go on. */
    readonly onDisobeyed?: (reason: unknown) => void;
  },
  act: (watched: Context) => Promise<Result>,
): Promise<Result> => {
  const { limitBytes } = shareResources({ total: context.resources, tasks: 1 });
  const outgrown = new AbortController();
  const signal = AbortSignal.any([context.signal, outgrown.signal]);
  const look = async (): Promise<void> => {
    const bytes = await readPrivateBytes(process.pid);
    if (bytes === undefined || bytes <= limitBytes) return;
    const message = `the process had grown to ${renderBytes(bytes)}`;
    outgrown.abort(new TaskMemoryError({ task, memoryBytes: limitBytes, message }));
  };
  const disobeyed = Promise.withResolvers<never>();
  let grace: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    grace = setTimeout(() => {
      onDisobeyed?.(signal.reason);
      disobeyed.reject(signal.reason);
    }, GRACE_MS);
  };
  signal.addEventListener('abort', onAbort);
  const timer = setInterval(() => void look(), ALIVE_MS);
  try {
    return await Promise.race([act({ ...context, signal }), disobeyed.promise]);
  } finally {
    clearInterval(timer);
    clearTimeout(grace);
    signal.removeEventListener('abort', onAbort);
  }
};

/**
 * Ends the process with `code`, as soon as it has nothing to do but a query that was left behind. `process.exit`
 * waits for that, and SIGKILL loses the code: another program takes the place of this one.
 */
export const leaveWith = (code: number): void => {
  process.exitCode = code;
  setTimeout(() => {
    // Windows has none.
    if (process.execve === undefined || process.platform === 'win32') process.exit();
    process.execve(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {});
  }, LAST_WORDS_MS).unref();
};
