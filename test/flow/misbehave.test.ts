/**
 * Law: whatever a module does to its process, the task fails by its name after three attempts or its rows are
 * rejects; the commits of other tasks are kept; the command ends by itself, prints its report alone, and leaves no
 * process; memory and disk stay bounded.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measureTree } from '../../bench/measure-tree.ts';
import { Report } from '../../functions/contract/report.ts';
import { type Ended, lastLine, runDaybreak, startDaybreak } from './daybreak-process.ts';
import { judgeOutput, listTree, outputRows, query, writeSpec } from './job-folder.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/modules');
const JOB = 'misbehaves';
const ROWS = 400;
const LOOK_MS = 50;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-misbehave-'));
  await writeFile(join(folder, 'input.csv'), `n\n${Array.from({ length: ROWS }, (_, n) => n).join('\n')}\n`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Whether a process runs; one that ended and that nobody has waited for is gone all the same. */
const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

type Watched = {
  readonly cwd: string;
  readonly ended: Ended;
  readonly orphans: readonly number[];
  readonly peakBytes: number;
};

/** Runs two tasks in two processes, watches all processes below the command, and says which outlive it. */
const runWatched = async (module: string, args: readonly string[] = [], cwd = folder): Promise<Watched> => {
  await cp(join(FIXTURES, `${module}.ts`), join(cwd, 'module.ts'));
  // The rows of the second task never reach the function.
  const steps = [
    { filter: `n < ${ROWS / 4}` },
    { select: { n: 'n::INTEGER' } },
    { map: { module: 'module.ts', export: 'map', output: { n: 'INTEGER' }, timeout: '1s' } },
  ];
  await writeSpec(cwd, { input: { uri: join(folder, 'input.csv') }, steps, output: { uri: 'out' } });
  const tasks = ['--map-tasks', '2', '--reduce-tasks', '1', '--threads', '2', '--memory', '512MB'];
  const started = startDaybreak(['run', 'spec.yaml', '--id', JOB, '--json', ...tasks, ...args], {
    cwd,
    limitSeconds: 150,
  });
  const pids = new Set<number>();
  let peakBytes = 0;
  const timer = setInterval(() => {
    const tree = measureTree(started.child.pid ?? 0);
    for (const pid of tree.pids) pids.add(pid);
    peakBytes = Math.max(peakBytes, tree.privateBytes + tree.sharedBytes);
  }, LOOK_MS);
  const ended = await started.ended.finally(() => clearInterval(timer));
  const orphans = [...pids].filter(isRunning);
  for (const pid of orphans) process.kill(pid, 'SIGKILL');
  return { cwd, ended, orphans, peakBytes };
};

const diskBytes = (cwd: string): number =>
  listTree(cwd).reduce((bytes, name) => bytes + statSync(join(cwd, name)).size, 0);
const commits = (cwd = folder): readonly string[] => {
  const path = join(cwd, `.daybreak/jobs/${JOB}/0001/00-map/commits`);
  return existsSync(path) ? readdirSync(path) : [];
};

/** What every run leaves behind, however it ends. */
const judgeWatched = ({ cwd, ended, orphans, peakBytes }: Watched): void => {
  expect(ended.signal).toBeNull();
  expect(ended.stderr).not.toContain('please report');
  expect(ended.stderr.length).toBeLessThan(20_000);
  expect(orphans).toEqual([]);
  expect(peakBytes).toBeLessThan(1.6e9);
  expect(diskBytes(cwd)).toBeLessThan(5e6);
  expect(readdirSync(join(cwd, '.daybreak/.scratch'))).toEqual([]);
};

const FAILING = [
  ['exits', 'WorkerDiedError', /ended with exit code 0/],
  ['kills-itself', 'WorkerDiedError', /was killed by SIGKILL/],
  ['aborts', 'WorkerDiedError', /was ended by SIGABRT/],
  ['throws-later', 'WorkerDiedError', /ended with exit code 1/],
  ['rejects-unheard', 'WorkerDiedError', /ended with exit code 1/],
  ['breaks-channel', 'WorkerDiedError', /was killed by SIGKILL/],
  ['leaks-memory', 'TaskMemoryError', /had grown to/],
  ['leaks-heap', 'TaskMemoryError', /the heap of a module is full|had grown to/],
  ['throws-at-load', 'ModuleError', /thrown at load/],
  ['throws-in-init', 'ModuleError', /thrown in init/],
  ['changes-arrays', 'ModuleError', /has changed Array\.prototype\.toJSON/],
  ['changes-objects', 'ModuleError', /has changed Object\.prototype\.extra/],
] as const;

describe('a module that', () => {
  it.each(FAILING)('%s fails its task three times, by %s, and no other', async (module, name, how) => {
    const watched = await runWatched(module);
    judgeWatched(watched);
    const { exitCode, stdout, stderr } = watched.ended;
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^${name}: 00-map 00000\\d has failed 3 times; the last time: `, 'm'));
    expect(stderr).toMatch(how);
    expect(stderr).toMatch(/^00-map 00000\d attempt 2 of 3 failed/m);
    if (name !== 'ModuleError') expect(commits()).toEqual(['000001.json']);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('never returns, yields or loads is ended by the watchdog, three times', async () => {
    const run = async (module: string): Promise<void> => {
      const cwd = await mkdtemp(join(folder, `${module}-`));
      const watched = await runWatched(module, [], cwd);
      judgeWatched(watched);
      expect(watched.ended.exitCode).toBe(1);
      expect(watched.ended.stderr).toMatch(/^TaskHungError: 00-map 00000\d has failed 3 times/m);
      if (module !== 'never-loads') expect(commits(cwd)).toEqual(['000001.json']);
      expect(existsSync(join(cwd, 'out'))).toBe(false);
    };
    // Each waits for most of its time.
    await Promise.all(['never-returns', 'never-yields', 'never-loads'].map(run));
  });

  it.each(['prints-a-gigabyte', 'keeps-the-process', 'emits-messages', 'takes-its-time'])(
    '%s does its rows all the same',
    async (module) => {
      const watched = await runWatched(module);
      judgeWatched(watched);
      const { exitCode, stdout, stderr } = watched.ended;
      expect(exitCode, stderr).toBe(0);
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(Report.parse(lastLine(watched.ended)).outcome).toBe('published');
      expect(judgeOutput(join(folder, 'out'))?.rows).toBe(ROWS / 4);
      expect(await outputRows(join(folder, 'out'))).toEqual(
        await query(`SELECT n::INTEGER AS n FROM range(${ROWS / 4}) t(n) ORDER BY ALL`),
      );
    },
  );

  it.each(['never-settles', 'overflows-stack', 'throws'])(
    '%s rejects the row and does the others',
    async (module) => {
      const watched = await runWatched(module, ['--set', 'errors.max_rejects=50']);
      judgeWatched(watched);
      expect(watched.ended.exitCode, watched.ended.stderr).toBe(0);
      const { rows } = Report.parse(lastLine(watched.ended));
      const rejected = module === 'throws' ? Math.ceil(ROWS / 4 / 3) : 1;
      expect(rows).toEqual({ read: ROWS, written: ROWS / 4 - rejected, rejected });
      const manifest = judgeOutput(join(folder, 'out'));
      expect(manifest?.rejects.reduce((sum, each) => sum + each.rows, 0)).toBe(rejected);
    },
  );
});

describe('a job whose module misbehaved', () => {
  it('keeps all that the module printed, names the place, and tells the attempts in its report', async () => {
    const { ended } = await runWatched('says-why-it-exits');
    const place = /WorkerDiedError: .*; what it printed is in (\S+)$/m.exec(ended.stderr)?.[1] ?? '';
    expect(readFileSync(place, 'utf8')).toMatch(/^line 0 of .*\n[\s\S]*the licence has ended\n$/);
    const shown = await runDaybreak(['report', JOB, '--html', 'page.html'], { cwd: folder });
    // Nobody has ended the run: the job can be resumed, and has no report yet.
    expect(shown.exitCode).toBe(2);
    expect((await runDaybreak(['cancel', JOB], { cwd: folder })).exitCode).toBe(0);
    expect((await runDaybreak(['report', JOB, '--html', 'page.html'], { cwd: folder })).exitCode).toBe(0);
    const page = readFileSync(join(folder, 'page.html'), 'utf8');
    expect(page).toContain('<h2>Done again</h2>');
    expect(page.match(/<td>WorkerDiedError<\/td>/g)).toHaveLength(3);
  });

  it('runs the failed tasks alone when it is resumed', async () => {
    await runWatched('exits');
    const path = join(folder, `.daybreak/jobs/${JOB}/0001/00-map/commits/000001.json`);
    const standing = readFileSync(path, 'utf8');
    const resumed = await runDaybreak(['resume', JOB], { cwd: folder });
    expect(resumed.exitCode).toBe(1);
    expect(resumed.stderr).toMatch(/^WorkerDiedError: 00-map 000000 has failed 3 times/m);
    expect(readFileSync(path, 'utf8')).toBe(standing);
  });
});
