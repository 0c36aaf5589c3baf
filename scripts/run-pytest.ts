/** Runs files of the worker's tests in its own Python environment. Fails with all that pytest printed. */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { pythonPath } from './setup-python.ts';

const workerFolder = fileURLToPath(new URL('../gpu-image', import.meta.url));

/** A file of tests takes seconds; one that hangs must not hold the whole run. */
const MOST_SECONDS = 170;

/** Paths are relative to `gpu-image/`. Returns pytest's last line, for example `75 passed in 3.5s`. */
export const runPytest = async (
  paths: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> => {
  // Of hypothesis; a failure names it in the command.
  const seed = process.env.DAYBREAK_TEST_SEED ?? String(randomInt(2 ** 31));
  const flags = ['-B', '-m', 'pytest', '-p', 'no:cacheprovider', `--hypothesis-seed=${seed}`];
  const child = spawn(pythonPath('worker'), [...flags, ...paths], {
    cwd: workerFolder,
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MOST_SECONDS * 1000,
    killSignal: 'SIGKILL',
  });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const [stdout, stderr] = await said;
  if (code === 0) return stdout.trimEnd().split('\n').at(-1) ?? '';
  throw new Error(
    `pytest ${paths.join(' ')} (seed ${seed}) ended with ${code ?? signal}\n${stdout}${stderr}`,
  );
};
