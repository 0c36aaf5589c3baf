import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withWorkdir } from '../../cli/workdir.ts';
import { thisHost } from '../../functions/io/this-machine.ts';

/** Above every process id of Linux. */
const DEAD_PID = 2 ** 22 + 1;
const HOUR_MS = 60 * 60 * 1000;

let workdir: string;
beforeEach(async () => {
  workdir = await mkdtemp(join(tmpdir(), 'daybreak-workdir-'));
});
afterEach(() => rm(workdir, { recursive: true }));

const makeScratch = async (name: string, ageMs = 0): Promise<string> => {
  const folder = join(workdir, '.scratch', name);
  await mkdir(join(folder, 'spill'), { recursive: true });
  const at = new Date(Date.now() - ageMs);
  await utimes(folder, at, at);
  return folder;
};

it('sweeps the scratch of dead processes of this host, and of others what is older than a day', async () => {
  const host = thisHost();
  const swept = await Promise.all([
    makeScratch(`${DEAD_PID}-0a1b2c3d@${host}`),
    makeScratch(`${process.pid}-0a1b2c3d@elsewhere`, 25 * HOUR_MS),
    makeScratch(`${DEAD_PID}-0a1b2c3d`, 25 * HOUR_MS),
  ]);
  const kept = await Promise.all([
    makeScratch(`${process.pid}-0a1b2c3d@${host}`, 25 * HOUR_MS),
    makeScratch(`${DEAD_PID}-0a1b2c3d@elsewhere`, 23 * HOUR_MS),
    makeScratch(`${DEAD_PID}-4e5f6071`, 23 * HOUR_MS),
  ]);
  await withWorkdir(workdir, async () => {
    expect(swept.filter(existsSync)).toEqual([]);
    expect(kept.filter((folder) => !existsSync(folder))).toEqual([]);
  });
});

it('lends a scratch folder that names its process and its host, and removes it', async () => {
  const scratchDir = await withWorkdir(workdir, async ({ scratchDir }) => {
    expect(scratchDir).toMatch(new RegExp(`/${process.pid}-[0-9a-f]{8}@[\\w.-]+$`));
    return existsSync(scratchDir) && scratchDir;
  });
  expect(existsSync(String(scratchDir))).toBe(false);
  expect(await readdir(join(workdir, '.scratch'))).toEqual([]);
});
