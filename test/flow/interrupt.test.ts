/** Law: a job that is cancelled, interrupted or run twice at once ends by its outcome, and its output is free or whole. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Report } from '../../functions/contract/report.ts';
import { lastLine, runDaybreak, type Started, startDaybreak, until } from './daybreak-process.ts';
import { busySteps, judgeOutput, outputRows, writeSpec } from './job-folder.ts';

/** Passes 3 billion rows: minutes, where nothing ends it. */
const LONG = busySteps(1500);
/** Passes 27 million rows: about a second. */
const SHORT = busySteps(300);
/** A wish to cancel is looked for every 2 s; the machine may be busy. */
const CANCEL_SECONDS = 40;

let folder: string;
const started: Started[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-interrupt-'));
  await writeFile(join(folder, 'one.csv'), 'a\n1\n');
});
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const start = (...args: readonly string[]): Started => {
  const one = startDaybreak(args, { cwd: folder });
  started.push(one);
  return one;
};
const daybreak = (...args: readonly string[]) => runDaybreak(args, { cwd: folder });
const spec = (steps: typeof LONG) =>
  writeSpec(folder, { input: { uri: 'one.csv' }, steps, output: { uri: 'out' } });

/** Starts a long job, and comes back when its task runs. */
const startLong = async (id: string): Promise<Started> => {
  await spec(LONG);
  const running = start('run', 'spec.yaml', '--id', id);
  await until(() => workersOf(id).length > 0, `the job ${id} to run`);
  return running;
};
const workersOf = (id: string): readonly string[] => {
  const path = join(folder, '.daybreak/jobs', id, '0001/running');
  return existsSync(path) ? readdirSync(path) : [];
};
const killLong = async (id: string): Promise<void> => {
  const { child, ended } = await startLong(id);
  child.kill('SIGKILL');
  expect((await ended).signal).toBe('SIGKILL');
};
const requireFree = (): void =>
  expect(readdirSync(folder).sort()).toEqual(['.daybreak', 'one.csv', 'spec.yaml']);

it.each(['SIGINT', 'SIGTERM'] as const)(
  'ends by %s with 130, frees the output, and can be resumed',
  async (signal) => {
    const { child, ended } = await startLong('one');
    child.kill(signal);
    const { exitCode, stderr, seconds } = await ended;
    expect(exitCode, stderr).toBe(130);
    expect(stderr).toMatch(/cancelling/);
    expect(stderr).toMatch(/JobCancelledError: the job one was cancelled\nRun `daybreak resume`/);
    expect(seconds).toBeLessThan(CANCEL_SECONDS);
    requireFree();
    expect((await daybreak('status', 'one')).stdout).toMatch(/^job one: cancelled\n/);
    const again = start('resume', 'one');
    await until(() => existsSync(join(folder, '.daybreak/jobs/one/0002/plan.json')), 'a second run');
    again.child.kill('SIGINT');
    expect((await again.ended).exitCode).toBe(130);
  },
);

it('refuses an output that belongs to a job of a lost work folder, and says what to delete', async () => {
  await killLong('one');
  await rm(join(folder, '.daybreak'), { recursive: true });
  await spec([]);
  for (const id of ['one', 'two']) {
    const { exitCode, stderr } = await daybreak('run', 'spec.yaml', '--id', id);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /belongs to the job one, which this work folder does not know; .* delete .*\/\.out\.daybreak /,
    );
  }
  await rm(join(folder, '.out.daybreak'), { recursive: true });
  expect((await daybreak('resume', 'two')).exitCode).toBe(0);
  expect(judgeOutput(join(folder, 'out'))?.job).toBe('two');
});

it('ends at once by a second SIGINT, and can be resumed', async () => {
  const { child, ended } = await startLong('one');
  child.kill('SIGINT');
  child.kill('SIGINT');
  expect((await ended).exitCode).toBe(130);
});

it('is cancelled from another process within seconds: 130, the output free', async () => {
  const { ended } = await startLong('one');
  const cancelled = await daybreak('cancel', 'one');
  expect(cancelled).toMatchObject({ exitCode: 0, stderr: '' });
  expect(cancelled.stdout).toBe('job one is cancelled; `daybreak resume one` goes on with it\n');
  const cancelledAt = performance.now();
  const { exitCode, stderr } = await ended;
  expect((performance.now() - cancelledAt) / 1000).toBeLessThan(CANCEL_SECONDS);
  expect(exitCode, stderr).toBe(130);
  expect(stderr).toMatch(/JobCancelledError: run 0001 of the job one was cancelled/);
  requireFree();
  // Another job takes the output.
  await spec([]);
  expect((await daybreak('run', 'spec.yaml', '--id', 'two')).exitCode).toBe(0);
  expect(judgeOutput(join(folder, 'out'))?.job).toBe('two');
});

/** Cancels a job whose runner stands still, and starts its next run; the old runner goes on when it is told to. */
const supersedeStopped = async (id: string): Promise<{ readonly old: Started; readonly next: Started }> => {
  await spec(SHORT);
  const old = start('run', 'spec.yaml', '--id', id);
  await until(() => workersOf(id).length > 0, 'the job to run');
  old.child.kill('SIGSTOP');
  expect((await daybreak('cancel', id)).exitCode).toBe(0);
  return { old, next: start('resume', id) };
};
const requirePublished = async (id: string): Promise<void> => {
  expect((await daybreak('status', id)).stdout).toMatch(new RegExp(`^job ${id}: published\\n`));
  expect(judgeOutput(join(folder, 'out'))?.run).toBe('0002');
  expect(readdirSync(folder).sort()).toEqual(['.daybreak', 'one.csv', 'out', 'spec.yaml']);
};

it('keeps output and report of the next run, which a late runner of the cancelled one finds published', async () => {
  const { old, next } = await supersedeStopped('one');
  const { exitCode, stderr } = await next.ended;
  expect(exitCode, stderr).toBe(0);
  const report = readFileSync(join(folder, '.daybreak/jobs/one/report.json'), 'utf8');
  old.child.kill('SIGCONT');
  const late = await old.ended;
  expect(late.exitCode, late.stderr).toBe(130);
  expect(readFileSync(join(folder, '.daybreak/jobs/one/report.json'), 'utf8')).toBe(report);
  await requirePublished('one');
});

it('is finished by the next run, though a runner of the cancelled one ends while that is at work', async () => {
  const { old, next } = await supersedeStopped('one');
  await until(() => existsSync(join(folder, '.daybreak/jobs/one/0002/running')), 'a second run');
  old.child.kill('SIGCONT');
  expect((await old.ended).exitCode).toBe(130);
  const { exitCode, stderr } = await next.ended;
  expect(exitCode, stderr).toBe(0);
  await requirePublished('one');
});

it('is cancelled where a killed runner left it, and opens its next run by resume', async () => {
  await killLong('one');
  expect((await daybreak('status', 'one')).stdout).toMatch(/^job one: interrupted\n/);
  expect((await daybreak('cancel', 'one')).exitCode).toBe(0);
  requireFree();
  expect((await daybreak('status', 'one')).stdout).toMatch(/^job one: cancelled\n/);
  const again = start('resume', 'one');
  await until(() => existsSync(join(folder, '.daybreak/jobs/one/0002/plan.json')), 'a second run');
  again.child.kill('SIGINT');
  expect((await again.ended).exitCode).toBe(130);
});

it('is cancelled before its first run is open, frees the output, and runs by resume', async () => {
  await spec([]);
  expect((await daybreak('run', 'spec.yaml', '--id', 'one')).exitCode).toBe(0);
  // What a death between job.json and plan.json leaves: the job and its claim.
  const job = JSON.parse(readFileSync(join(folder, '.daybreak/jobs/one/job.json'), 'utf8'));
  for (const name of ['.daybreak/jobs/one/0001', '.daybreak/jobs/one/report.json', 'out']) {
    await rm(join(folder, name), { recursive: true });
  }
  await mkdir(join(folder, '.out.daybreak'));
  await writeFile(
    join(folder, '.out.daybreak/_daybreak.json'),
    `${JSON.stringify({ job: 'one', at: job.submittedAt })}\n`,
  );
  expect((await daybreak('run', 'spec.yaml', '--id', 'two')).stderr).toMatch(
    /^OutputClaimedError: .* belongs to the job one/m,
  );
  expect((await daybreak('cancel', 'one')).stdout).toMatch(/^job one is cancelled/);
  requireFree();
  expect((await daybreak('status', 'one')).stdout).toMatch(/^job one: cancelled\n/);
  const resumed = await daybreak('resume', 'one');
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  expect(judgeOutput(join(folder, 'out'))?.job).toBe('one');
});

it('is not cancelled any more where it is published', async () => {
  await spec([]);
  expect((await daybreak('run', 'spec.yaml', '--id', 'one')).exitCode).toBe(0);
  const { exitCode, stderr } = await daybreak('cancel', 'one');
  expect(stderr).toBe('job one has ended before: it is published\n');
  expect(exitCode).toBe(2);
  expect(judgeOutput(join(folder, 'out'))?.rows).toBe(1);
});

it('refuses a job whose output belongs to one that runs, and writes nothing', async () => {
  const { child, ended } = await startLong('one');
  await spec([]);
  const { exitCode, stderr } = await daybreak('run', 'spec.yaml', '--id', 'two');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(
    /OutputClaimedError: the output .*\/out belongs to the job one, which has not ended\n/,
  );
  expect((await daybreak('status', 'two')).stdout).toMatch(/^job two: refused\n/);
  expect(existsSync(join(folder, 'out'))).toBe(false);
  child.kill('SIGINT');
  expect((await ended).exitCode).toBe(130);
  // Its output is free now: the refused job goes on.
  expect((await daybreak('resume', 'two')).exitCode).toBe(0);
  expect(judgeOutput(join(folder, 'out'))?.job).toBe('two');
});

it('prints the report of a finished job again by resume, and ends with 0', async () => {
  await spec([]);
  const first = await daybreak('run', 'spec.yaml', '--id', 'one', '--json');
  const again = await daybreak('resume', 'one', '--json');
  expect(again.exitCode, again.stderr).toBe(0);
  expect(again.stdout).toBe(first.stdout);
});

it('fails with JobExistsError and 2 where an id is given twice, and leaves the first job as it is', async () => {
  await spec([]);
  expect((await daybreak('run', 'spec.yaml', '--id', 'one')).exitCode).toBe(0);
  const { exitCode, stderr } = await daybreak('run', 'spec.yaml', '--id', 'one', '--output', 'other');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/JobExistsError: there is already a job one$/m);
  expect(existsSync(join(folder, 'other'))).toBe(false);
  expect((await daybreak('status', 'one')).stdout).toMatch(/^job one: published\n/);
});

it('is published once by runners that resume it at the same time, all with the same report', async () => {
  await spec(SHORT);
  const first = start('run', 'spec.yaml', '--id', 'one');
  await until(() => workersOf('one').length > 0, 'the job to run');
  first.child.kill('SIGKILL');
  await first.ended;
  const ended = await Promise.all(['1', '2', '3'].map(() => daybreak('resume', 'one', '--json')));
  for (const each of ended) expect(each.exitCode, each.stderr).toBe(0);
  const reports = ended.map((each) => Report.parse(lastLine(each)));
  expect(new Set(reports.map(({ outcome, rows }) => JSON.stringify({ outcome, rows }))).size).toBe(1);
  expect(judgeOutput(join(folder, 'out'))?.rows).toBe(300);
  expect(await outputRows(join(folder, 'out'))).toHaveLength(300);
  expect(readdirSync(folder).sort()).toEqual(['.daybreak', 'one.csv', 'out', 'spec.yaml']);
  expect(readdirSync(join(folder, '.daybreak/.scratch'))).toEqual([]);
});

it('is sealed and published once by runners that do so at the same time, whoever overtakes whom', async () => {
  await spec([]);
  expect((await daybreak('run', 'spec.yaml', '--id', 'one', '--keep-blocks')).exitCode).toBe(0);
  const commit = join(folder, '.daybreak/jobs/one/0001/00-map/commits/000000.json');
  const committed = readFileSync(commit, 'utf8');
  // What a death just after the commit leaves.
  const after = ['0001/00-map/sealed.json', '0001/outcome.json', 'report.json'];
  for (const name of after) await rm(join(folder, '.daybreak/jobs/one', name));
  await rm(join(folder, 'out'), { recursive: true });
  const ended = await Promise.all(Array.from({ length: 6 }, () => daybreak('resume', 'one', '--json')));
  for (const each of ended) {
    expect(each.exitCode, each.stderr).toBe(0);
    expect(Report.parse(lastLine(each)).rows).toEqual({ read: 1, written: 1, rejected: 0 });
  }
  expect(judgeOutput(join(folder, 'out'))?.rows).toBe(1);
  expect(readFileSync(commit, 'utf8')).toBe(committed);
  expect(readdirSync(folder).sort()).toEqual(['.daybreak', 'one.csv', 'out', 'spec.yaml']);
});
