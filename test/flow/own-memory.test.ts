/**
 * Law: a query that the engine does not interrupt (it is in the middle of a vector) and that outgrows the memory of
 * the command's own process ends by name, in bounded time and memory; nothing is published, and the job can go on.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Report } from '../../functions/contract/report.ts';
import { lastLine, runDaybreak, startDaybreak, until } from './daybreak-process.ts';
import { judgeOutput, outputRows, writeSpec } from './job-folder.ts';

const JOB = 'large';
/** The limit of a process that has 64 MB is 336 MB; it may grow for a second and a half more. */
const BOUNDS = { limitSeconds: 120, limitBytes: 2.5e9 };
const LIST = 'len(list_transform(range(100000 * n), x -> range(100000)))';
const TEXT = `length(repeat('x', 400000000 * n))`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-memory-'));
  await writeFile(join(folder, 'input.csv'), 'n\n1\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const writeJob = (expression: string): Promise<string> =>
  writeSpec(folder, {
    input: { uri: 'input.csv' },
    steps: [{ select: { size: expression } }],
    output: { uri: 'out' },
  });
const scratch = (): readonly string[] => readdirSync(join(folder, '.daybreak/.scratch'));
const statusOf = async (): Promise<unknown> =>
  lastLine(await runDaybreak(['status', JOB, '--json'], { cwd: folder }));

it('a task whose function holds more than there is becomes two, and those four, until they fit', async () => {
  const rows = 400;
  // Long rows: what reads very little is not halved.
  const lines = Array.from({ length: rows }, (_, n) => `${n},${'x'.repeat(200)}\n`);
  await writeFile(join(folder, 'input.csv'), `n,pad\n${lines.join('')}`);
  // Two hundred rows are 800 MB, which no try fits in; fifty fit.
  await writeFile(
    join(folder, 'holds.mjs'),
    'const held = []; export default (row) => { held.push(Buffer.alloc(4e6, 1)); return row; };',
  );
  await writeSpec(folder, {
    input: { uri: 'input.csv' },
    steps: [{ map: { module: 'holds.mjs', columns: ['n'], output: { n: 'BIGINT' } } }],
    output: { uri: 'out' },
  });
  const args = ['--id', JOB, '--memory', '128MB', '--map-tasks', '2', '--reduce-tasks', '1'];
  const ended = await runDaybreak(['run', 'spec.yaml', ...args], { cwd: folder, ...BOUNDS });
  expect(ended.exitCode, ended.stderr).toBe(0);
  expect(ended.stderr).toMatch(/^00-map {2}the task 00000\d\S* outgrew the memory of one and is halved/m);
  expect(judgeOutput(join(folder, 'out'))?.rows).toBe(rows);
});

describe('a query that cannot be stopped', () => {
  it.each([LIST, TEXT])('ends by name where it outgrows the command: %s', async (expression) => {
    await writeJob(expression);
    const args = ['--id', JOB, '--memory', '64MB', '--json'];
    const ended = await runDaybreak(['run', 'spec.yaml', ...args], { cwd: folder, ...BOUNDS });
    expect(ended).toMatchObject({ exitCode: 1, signal: null, stdout: '' });
    expect(ended.stderr).toMatch(/^TaskMemoryError: 00-map 000000: needs more than the 336 MB of memory/m);
    expect(ended.stderr).toMatch(/Give more with --memory, or make more and smaller tasks .*\n$/);
    expect(await statusOf()).toMatchObject({ state: 'failed' });
    expect(readdirSync(folder).sort()).toEqual(['.daybreak', 'input.csv', 'spec.yaml']);
    expect(scratch()).toEqual([]);
  });

  it('goes on by resume with more memory', async () => {
    await writeJob(TEXT);
    const args = ['--id', JOB, '--memory', '64MB'];
    expect((await runDaybreak(['run', 'spec.yaml', ...args], { cwd: folder, ...BOUNDS })).exitCode).toBe(1);
    const resumed = await runDaybreak(['resume', JOB, '--memory', '4GB', '--json'], {
      cwd: folder,
      ...BOUNDS,
    });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(Report.parse(lastLine(resumed))).toMatchObject({ run: '0002', outcome: 'published' });
    expect(judgeOutput(join(folder, 'out'))?.rows).toBe(1);
    expect(await outputRows(join(folder, 'out'))).toEqual([{ size: '400000000' }]);
  });

  it.each(['run', 'plan'])('ends %s by name where the engine computes it while it plans', async (command) => {
    await writeJob('len(list_transform(range(100000), x -> range(100000)))');
    const ended = await runDaybreak([command, 'spec.yaml', '--memory', '64MB'], { cwd: folder, ...BOUNDS });
    expect(ended).toMatchObject({ exitCode: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^TaskMemoryError: split: needs more than/m);
    expect(readdirSync(folder).sort()).toEqual(['.daybreak', 'input.csv', 'spec.yaml']);
    expect(existsSync(join(folder, '.daybreak/jobs'))).toBe(false);
  });

  it('ends by Ctrl-C within seconds, as cancelled', async () => {
    await writeJob(`length(repeat('x', 4000000000 * n))`);
    const { child, ended } = startDaybreak(['run', 'spec.yaml', '--id', JOB, '--memory', '8GB'], {
      cwd: folder,
      limitSeconds: 120,
      limitBytes: 9e9,
    });
    await until(() => existsSync(join(folder, `.daybreak/jobs/${JOB}/0001/plan.json`)), 'the run to open');
    const cancelledAt = performance.now();
    child.kill('SIGINT');
    expect((await ended).exitCode).toBe(130);
    expect(performance.now() - cancelledAt).toBeLessThan(40_000);
    expect(await statusOf()).toMatchObject({ state: 'cancelled' });
    expect(scratch()).toEqual([]);
  });
});
