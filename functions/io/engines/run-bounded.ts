import { spawn } from 'node:child_process';

/** What is asked of a command here fits; more is not kept. */
const MOST_CHARACTERS = 65_536;

export type BoundedRun = {
  readonly command: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  /** The whole of it; the command is looked for in its PATH. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
};

/**
 * What a command prints; undefined where it is not there, fails, or takes too long. Always returns in time: the command
 * has a process group of its own, which is killed as a whole. Throws the signal's reason where that aborts.
 */
export const runBounded = async (run: BoundedRun): Promise<string | undefined> => {
  const { command, args, timeoutMs, environment, signal } = run;
  signal.throwIfAborted();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
    env: { ...environment },
  });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(0, MOST_CHARACTERS);
  });
  child.on('error', () => resolve(undefined)); // it is not there, or may not be run
  child.on('close', (code) => resolve(code === 0 ? output : undefined));
  const giveUp = (): void => {
    resolve(undefined);
    child.stdout.destroy();
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const timer = setTimeout(giveUp, timeoutMs);
  signal.addEventListener('abort', giveUp, { once: true });
  const printed = await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', giveUp);
  signal.throwIfAborted();
  return printed;
};
