import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openScratch } from '../../functions/handlers/open-scratch.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-scratch-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('openScratch', () => {
  it('removes what an invocation left that died, and nothing else', async () => {
    const left = await openScratch();
    await mkdir(join(left, 'task-a', 'spill'), { recursive: true });
    await writeFile(join(left, 'task-a', 'spill', 'block'), 'rows');
    await mkdir(join(folder, 'daybreak-of-a-command'));
    const next = await openScratch();
    expect(existsSync(left)).toBe(false);
    expect((await readdir(folder)).sort()).toEqual(['daybreak-of-a-command', basename(next)].sort());
    expect(await readdir(next)).toEqual([]);
  });
});
