import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findEngines } from '../../../functions/io/engines/find-engines.ts';
import { runBounded } from '../../../functions/io/engines/run-bounded.ts';
import { withFolder } from '../open-input.ts';

const NEVER = new AbortController().signal;
const ENVIRONMENT = { PATH: '/usr/bin:/bin' };

const writeProgram = async (file: string, script: string): Promise<string> => {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
};

const probed = (facts: { readonly vllm: string | null; readonly missing?: readonly string[] }): string =>
  `echo '${JSON.stringify({ python: '/the/python', missing: [], ...facts })}'`;

const prepare = async (root: string): Promise<string> => {
  const python = await writeProgram(path.join(root, '.cache/vllm/bin/python'), 'exit 1');
  await writeFile(
    path.join(root, '.cache/vllm/daybreak-vllm.json'),
    '{"vllm": "0.32.0+cpu", "device": "cpu"}',
  );
  return python;
};

/** `programs`: scripts that stand before all others in the PATH. */
const look = async (
  root: string,
  programs: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
) => {
  const bin = path.join(root, 'bin');
  for (const [name, script] of Object.entries(programs)) await writeProgram(path.join(bin, name), script);
  const env = { PATH: `${bin}:${ENVIRONMENT.PATH}`, ...environment };
  return findEngines({
    root,
    environment: env,
    endpoints: [{ name: 'ollama' }],
    keyVariables: ['OPENAI_API_KEY'],
    signal: NEVER,
  });
};

describe('findEngines', () => {
  it('finds nothing on a machine without anything, and passes the endpoints on', () =>
    withFolder(async (root) => {
      expect(await look(root)).toEqual({ gpus: [], vllms: [], notes: [], endpoints: [{ name: 'ollama' }] });
    }));

  it('finds the CPU build that the checkout has set up, without running its Python', () =>
    withFolder(async (root) => {
      const python = await prepare(root);
      expect((await look(root)).vllms).toEqual([{ python, version: '0.32.0+cpu', device: 'cpu' }]);
    }));

  it('says so where the prepared Python is gone', () =>
    withFolder(async (root) => {
      await rm(await prepare(root));
      const found = await look(root);
      expect(found.vllms).toEqual([]);
      expect(found.notes).toEqual([expect.stringContaining('npm run setup:vllm')]);
    }));

  it('finds GPUs, and a vLLM for them in the Python of the machine', () =>
    withFolder(async (root) => {
      const programs = {
        'nvidia-smi': 'echo "NVIDIA L4"; echo "NVIDIA L4"',
        python3: probed({ vllm: '0.33.0' }),
      };
      expect(await look(root, programs)).toMatchObject({
        gpus: ['NVIDIA L4', 'NVIDIA L4'],
        vllms: [{ python: '/the/python', version: '0.33.0', device: 'cuda' }],
      });
    }));

  it('gives no command that it runs the key of an endpoint', () =>
    withFolder(async (root) => {
      const programs = { 'nvidia-smi': 'echo "key: $DAYBREAK_ENDPOINT_A_KEY$OPENAI_API_KEY."' };
      const keys = { DAYBREAK_ENDPOINT_A_KEY: 'sk-secret', OPENAI_API_KEY: 'sk-other' };
      const { gpus } = await look(root, programs, keys);
      expect(gpus).toEqual(['key: .']);
    }));

  it('takes the Python that the environment names before any other', () =>
    withFolder(async (root) => {
      await prepare(root);
      const python = await writeProgram(path.join(root, 'mine/python'), probed({ vllm: '0.40.0' }));
      const found = await look(root, {}, { DAYBREAK_VLLM_PYTHON: python });
      expect(found.vllms.map(({ version }) => version)).toEqual(['0.40.0', '0.32.0+cpu']);
    }));

  it.each([
    ['has no vLLM', probed({ vllm: null })],
    ['has vLLM 0.33.0, but not pyarrow', probed({ vllm: '0.33.0', missing: ['pyarrow'] })],
    ['is no Python', 'echo hello'],
    ['cannot be run', 'exit 3'],
  ])('says of the Python that the environment names that it %s', (problem, script) =>
    withFolder(async (root) => {
      const python = await writeProgram(path.join(root, 'mine/python'), script);
      const found = await look(root, {}, { DAYBREAK_VLLM_PYTHON: python });
      expect(found).toMatchObject({ vllms: [], notes: [`the Python of DAYBREAK_VLLM_PYTHON ${problem}`] });
    }),
  );
});

describe('runBounded', () => {
  const run = (script: string, timeoutMs: number, signal = NEVER) =>
    runBounded({ command: 'sh', args: ['-c', script], timeoutMs, environment: ENVIRONMENT, signal });

  it('gives what a command prints, and nothing of one that fails or is not there', async () => {
    expect(await run('echo hello', 10_000)).toBe('hello\n');
    expect(await run('echo hello; exit 1', 10_000)).toBeUndefined();
    const absent = { command: 'no-such-command', args: [], timeoutMs: 10_000, environment: ENVIRONMENT };
    expect(await runBounded({ ...absent, signal: NEVER })).toBeUndefined();
  });

  it('gives up on a command that hangs, and ends what it started with it', () =>
    withFolder(async (folder) => {
      const pid = path.join(folder, 'pid');
      // The child of the command holds its output open.
      expect(await run(`sleep 60 & echo $! > ${pid}; wait`, 300)).toBeUndefined();
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const startedAt = performance.now();
      const ask = async (): Promise<void> => {
        const state = await run(`ps -o stat= -p $(cat ${pid}) || true`, 5_000);
        const isGone = state === undefined || state.trim() === '' || state.startsWith('Z');
        if (isGone || performance.now() - startedAt > 10_000) resolve(isGone);
        else setImmediate(() => void ask());
      };
      await ask();
      expect(await promise).toBe(true);
    }));

  it('ends with the reason of the signal', async () => {
    const controller = new AbortController();
    const running = run('sleep 60', 60_000, controller.signal);
    controller.abort(new Error('no more'));
    await expect(running).rejects.toThrow('no more');
    await expect(run('echo hello', 10_000, controller.signal)).rejects.toThrow('no more');
  });
});
