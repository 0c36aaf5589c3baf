/** Law: a job is deleted with all that is kept of it, its output stays, and one that somebody works on is not. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runDaybreak, type Started, startDaybreak, until } from './daybreak-process.ts';
import { busySteps, judgeOutput, listTree, writeSpec } from './job-folder.ts';

let folder: string;
const started: Started[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-delete-'));
  await writeFile(join(folder, 'one.csv'), 'a\n1\n');
});
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const daybreak = (...args: readonly string[]) => runDaybreak(args, { cwd: folder });
const spec = (steps: readonly unknown[] = []) =>
  writeSpec(folder, { input: { uri: 'one.csv' }, steps, output: { uri: 'out' } });
const kept = (job: string): readonly string[] =>
  listTree(join(folder, '.daybreak')).filter((name) => name.includes(`/${job}`));

const startLong = async (id: string): Promise<Started> => {
  await spec(busySteps(1500));
  const job = startDaybreak(['run', 'spec.yaml', '--id', id], { cwd: folder });
  started.push(job);
  const running = join(folder, `.daybreak/jobs/${id}/0001/running`);
  await until(() => existsSync(running) && readdirSync(running).length > 0, 'the job to run');
  return job;
};

it('deletes state and blocks of a published job, keeps its output, and lets its id be used again', async () => {
  await spec([{ repartition: { partitions: 2 } }]);
  expect((await daybreak('run', 'spec.yaml', '--id', 'one', '--keep-blocks')).exitCode).toBe(0);
  expect(kept('one').some((name) => name.startsWith('b/'))).toBe(true);
  const deleted = await daybreak('delete', 'one');
  expect(deleted).toMatchObject({ exitCode: 0, stderr: '' });
  expect(deleted.stdout).toMatch(/^job one is deleted; its output .*out stays\n$/);
  expect(kept('one').filter((name) => !name.startsWith('history/'))).toEqual([]);
  expect(judgeOutput(join(folder, 'out'))?.job).toBe('one');
  expect((await daybreak('status', 'one')).stderr).toMatch(/^JobNotFoundError: /);
  await rm(join(folder, 'out'), { recursive: true });
  expect((await daybreak('run', 'spec.yaml', '--id', 'one')).exitCode).toBe(0);
});

it('refuses a job that somebody works on, and gives back the output of one that was killed', async () => {
  const { child, ended } = await startLong('one');
  const refused = await daybreak('delete', 'one');
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toMatch(/^JobAtWorkError: the job one is running, and is not deleted\n/);
  child.kill('SIGKILL');
  await ended;
  expect((await daybreak('delete', 'one')).exitCode).toBe(0);
  expect(kept('one')).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual(['.daybreak', 'one.csv', 'spec.yaml']);
});

it('cleans what ended long ago, and nothing that could go on', async () => {
  await spec();
  expect((await daybreak('run', 'spec.yaml', '--id', 'old')).exitCode).toBe(0);
  const report = join(folder, '.daybreak/jobs/old/report.json');
  const text = await readFile(report, 'utf8');
  await writeFile(report, text.replace(/"finishedAt":"[^"]*"/, '"finishedAt":"2026-01-01T00:00:00.000Z"'));
  await rm(join(folder, 'out'), { recursive: true });
  expect((await daybreak('run', 'spec.yaml', '--id', 'new')).exitCode).toBe(0);
  await rm(join(folder, 'out'), { recursive: true });
  const { child, ended } = await startLong('stopped');
  child.kill('SIGKILL');
  await ended;
  const cleaned = await daybreak('clean', '--older-than', '7d');
  expect(cleaned.exitCode, cleaned.stderr).toBe(0);
  expect(cleaned.stdout).toMatch(/^job old is deleted; .*\n1 job deleted\n$/);
  expect(readdirSync(join(folder, '.daybreak/jobs')).sort()).toEqual(['new', 'stopped']);
  expect((await daybreak('clean', '--older-than', 'soon')).exitCode).toBe(2);
});

it('finds a job by how its id begins where that is enough, and by nothing less', async () => {
  await spec();
  for (const id of ['logs-1', 'logs-2', 'other']) {
    await rm(join(folder, 'out'), { recursive: true, force: true });
    expect((await daybreak('run', 'spec.yaml', '--id', id)).exitCode).toBe(0);
  }
  expect((await daybreak('status', 'oth')).stdout).toMatch(/^job other: published\n/);
  const several = await daybreak('report', 'logs');
  expect(several.exitCode).toBe(2);
  expect(several.stderr).toMatch(/^UsageError: 2 jobs begin with "logs": logs-1, logs-2\n/);
  expect((await daybreak('status', 'ohter')).stderr).toMatch(/there is no job "ohter"; did you mean other\?/);
  // What cannot be taken back takes no guess.
  expect((await daybreak('delete', 'oth')).exitCode).toBe(2);
});

it('says so by its exit code where a job cannot be cancelled any more', async () => {
  await spec();
  expect((await daybreak('run', 'spec.yaml', '--id', 'one')).exitCode).toBe(0);
  expect(await daybreak('cancel', 'one')).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: 'job one has ended before: it is published\n',
  });
});

it('says whose result an overwrite replaces', async () => {
  await spec();
  expect((await daybreak('run', 'spec.yaml', '--id', 'one')).exitCode).toBe(0);
  const over = await daybreak('run', 'spec.yaml', '--id', 'two', '--set', 'output.mode=overwrite');
  expect(over.exitCode).toBe(0);
  expect(over.stderr).toMatch(
    /out holds the result of the job one, 1 row: this job's takes its place when it is published$/m,
  );
});
