/** The emulator leaves nothing behind, however it ends: no process, no file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { invokeFunction } from '../../emulator/invoke-function.ts';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';
import { deployTemplate, lambdaFunction } from '../deploy-template.ts';

/** Leaves a process behind, and says where its own lie and which they are. */
const SLEEPER = `
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
exports.handler = async ({ file, isBusy }) => {
  const pids = [process.pid, spawn('sleep', ['600']).pid];
  writeFileSync(file, JSON.stringify({ pids, scratch: process.env.TMPDIR }));
  if (isBusy) for (;;);
};`;

const isAlive = (pid: number): boolean => {
  try {
    // A zombie waits for nobody but whoever started it.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const gone = (pids: readonly number[]) =>
  expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);

type Facts = { readonly pids: readonly number[]; readonly scratch: string };

/** A function that is idle and one that never ends: their processes, and the folder of the emulator. */
const occupy = async (emulator: Emulator) => {
  const folder = mkdtempSync(join(tmpdir(), 'daybreak-lifetime-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await deployTemplate(emulator, 'sleepers', {
    Idle: lambdaFunction('idle', SLEEPER),
    Busy: lambdaFunction('busy', SLEEPER, { timeoutSeconds: 600 }),
  });
  const files = ['idle', 'busy'].map((name) => join(folder, name));
  const [idle = '', busy = ''] = files;
  await invokeFunction(emulator, 'idle', { file: idle });
  // It is answered by the end of the emulator.
  const answer = invokeFunction(emulator, 'busy', { file: busy, isBusy: true }).catch(() => undefined);
  await expect.poll(() => existsSync(busy) && readFileSync(busy, 'utf8').endsWith('}')).toBe(true);
  const facts = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Facts);
  const pids = facts.flatMap((fact) => fact.pids);
  expect(pids.filter(isAlive)).toEqual(pids);
  return { pids: [...pids, emulator.pid], folder: dirname(facts[0]?.scratch ?? ''), answer };
};

describe('the emulator', () => {
  it('takes its functions and files with it when it is stopped', async () => {
    const emulator = await startEmulator();
    const { pids, folder, answer } = await occupy(emulator);
    expect(existsSync(folder)).toBe(true);
    await emulator.stop();
    expect(existsSync(folder)).toBe(false);
    await gone(pids);
    await answer;
  });

  it('takes them with it when it is killed', async () => {
    const emulator = await startEmulator();
    const { pids, folder, answer } = await occupy(emulator);
    process.kill(emulator.pid, 'SIGKILL');
    await gone(pids);
    await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
    await emulator.stop();
    await answer;
  });

  it('ends with the process that started it, killed or not', async () => {
    const start = new URL('../../emulator/start-emulator.ts', import.meta.url);
    const code = `
      import { startEmulator } from '${start}';
      const { pid } = await startEmulator();
      console.log(pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = await once(parent.stdout, 'data');
    const pid = Number(String(chunk));
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await gone([pid]);
  });

  it('fails loudly where it cannot start', async () => {
    await expect(startEmulator({ environment: { GATEWAY_PORT: 'none' } })).rejects.toThrow(
      'the emulator ended',
    );
  });
});
