import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorkerPool, type WorkerPool, type WorkerPoolOptions } from '../../cli/worker-pool.ts';
import { JobCancelledError } from '../../functions/contract/errors-store.ts';
import { renderTaskId, type TaskIds } from '../../functions/contract/ids.ts';
import type { Act } from '../fixtures/workers/acts.ts';
import { NODE } from './daybreak-process.ts';

const ENTRY = new URL('../fixtures/workers/acts.ts', import.meta.url).pathname;
const RUNNER = new URL('../fixtures/workers/runner.ts', import.meta.url).pathname;
const STAGE = { job: 'job', run: '0001', stage: '00-map' };
/** Two workers with 192 MB for the engine and a limit of 576 MB each. */
const TOTAL = { threads: 2, memoryBytes: 512e6 };

let folder: string;
let notes: string[];
const pools: WorkerPool[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-workers-'));
  notes = [];
});
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
  await rm(folder, { recursive: true, force: true });
});

const openPool = (options: Partial<WorkerPoolOptions> = {}): WorkerPool => {
  const pool = openWorkerPool({
    total: TOTAL,
    workdir: folder,
    scratchDir: folder,
    runner: 'runner',
    note: (line) => notes.push(line),
    entry: ENTRY,
    execPath: NODE,
    ...options,
  });
  pools.push(pool);
  return pool;
};

const tasksOf = (count: number): TaskIds[] =>
  Array.from({ length: count }, (_, index) => ({ ...STAGE, task: renderTaskId(index) }));

type Given = {
  readonly tasks: number;
  readonly acts?: Readonly<Record<string, Act>>;
  readonly pool?: WorkerPool;
  readonly signal?: AbortSignal;
  readonly hangSeconds?: number;
};

/** Runs tasks, of which those named in `acts` misbehave; returns the tasks that were told as committed. */
const runTasks = async ({
  tasks,
  acts = {},
  pool = openPool(),
  signal,
  hangSeconds,
}: Given): Promise<string[]> => {
  await writeFile(join(folder, 'acts.json'), JSON.stringify(acts));
  const committed: string[] = [];
  await pool.run(tasksOf(tasks), {
    onCommit: ({ task }) => committed.push(task),
    onProgress: () => {},
    signal: signal ?? new AbortController().signal,
    ...(hangSeconds === undefined ? {} : { hangSeconds }),
  });
  return committed.sort();
};

const namesOf = (tasks: number): string[] => tasksOf(tasks).map(({ task }) => task);
const countOf = async (prefix: string): Promise<number> =>
  (await readdir(folder)).filter((name) => name.startsWith(prefix)).length;
const failing = (running: Promise<unknown>): Promise<Error> =>
  running.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: Error) => error,
  );

/** A process that ended and that nobody has waited for is gone all the same. */
const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const pidsOf = async (): Promise<number[]> =>
  (await readdir(folder)).flatMap((name) => (name.startsWith('pid-') ? [Number(name.slice(4))] : []));
const waitFor = (isTrue: () => boolean | Promise<boolean>, seconds: number): Promise<void> =>
  expect.poll(isTrue, { timeout: seconds * 1000, interval: 20 }).toBe(true);

describe('a pool of workers', () => {
  it('runs every task exactly once over two processes, which live over all stages', async () => {
    const pool = openPool();
    expect(await runTasks({ tasks: 20, pool })).toEqual(namesOf(20));
    expect(await runTasks({ tasks: 20, pool })).toEqual(namesOf(20));
    expect(await countOf('pid-')).toBe(2);
    expect(await countOf('attempt-')).toBe(40);
    expect(await readFile(join(folder, 'result-000019'), 'utf8')).toBe('361');
  });

  it('tells of progress that ends with all tasks done', async () => {
    await writeFile(join(folder, 'acts.json'), '{}');
    const seen: unknown[] = [];
    await openPool().run(tasksOf(3), {
      onCommit: () => {},
      onProgress: (progress) => seen.push(progress),
      signal: new AbortController().signal,
    });
    expect(seen.at(-1)).toEqual({ share: 1, rowsRead: 3, done: 3, tasks: 3 });
  });

  it('runs a task again whose process was killed, with the same result', async () => {
    const acts = { '000002': { kind: 'kill', times: 2 } } as const;
    expect(await runTasks({ tasks: 5, acts })).toEqual(namesOf(5));
    expect(await countOf('attempt-000002-')).toBe(3);
    expect(await readFile(join(folder, 'result-000002'), 'utf8')).toBe('4');
    expect(notes.join('\n')).toMatch(/00-map 000002 attempt 1 of 3 failed; WorkerDiedError/);
  });

  it.each([
    ['kill', 'was killed by SIGKILL'],
    ['exit', 'ended with exit code 0'],
    ['crash', 'ended with exit code 1'],
    ['garbage', 'no worker says'],
    ['child', 'ended with exit code 3'],
  ] as const)('fails by name after three attempts whose process %ss', async (kind, how) => {
    const error = await failing(runTasks({ tasks: 1, acts: { '000000': { kind } } }));
    expect(error.name).toBe('WorkerDiedError');
    expect(error.message).toContain('00-map 000000 has failed 3 times');
    expect(error.message).toContain(how);
    expect(await countOf('attempt-')).toBe(3);
  });

  it('fails at once where another attempt cannot help', async () => {
    const error = await failing(runTasks({ tasks: 1, acts: { '000000': { kind: 'query' } } }));
    expect(error).toMatchObject({ name: 'QueryError', message: expect.stringContaining('no such number') });
    expect(await countOf('attempt-')).toBe(1);
  });

  it('fails at once, with the stack, at a mistake of ours', async () => {
    const error = await failing(runTasks({ tasks: 1, acts: { '000000': { kind: 'throw' } } }));
    expect(error.name).toBe('Error');
    expect(error.message).toMatch(/TypeError: a mistake of ours\n.*acts\.ts/);
    expect(await countOf('attempt-')).toBe(1);
  });

  it('tries a retryable failure again in a fresh process', async () => {
    const acts = { '000000': { kind: 'store', times: 1 } } as const;
    expect(await runTasks({ tasks: 1, acts })).toEqual(namesOf(1));
    expect(await countOf('pid-')).toBe(2);
  });

  it('gives a task that needs more memory all of it, alone', async () => {
    const acts = { '000001': { kind: 'memory' } } as const;
    expect(await runTasks({ tasks: 4, acts })).toEqual(namesOf(4));
    expect(await countOf('attempt-000001-')).toBe(2);
  });

  it('fails by name where no process can be started', async () => {
    const pool = openPool({ execPath: join(folder, 'no-node') });
    const error = await failing(runTasks({ tasks: 1, pool }));
    expect(error).toMatchObject({ name: 'WorkerDiedError', message: expect.stringContaining('ENOENT') });
  });

  it('leaves a signal of the terminal to its runner', async () => {
    const running = runTasks({
      tasks: 2,
      acts: { '000000': { kind: 'pause' }, '000001': { kind: 'pause' } },
    });
    await waitFor(async () => (await countOf('pid-')) === 2, 30);
    for (const pid of await pidsOf()) process.kill(pid, 'SIGINT');
    for (const pid of await pidsOf()) process.kill(pid, 'SIGTERM');
    expect(await running).toEqual(namesOf(2));
    expect(await countOf('attempt-')).toBe(2);
  });

  it('leaves neither a process nor a folder behind when it is closed', async () => {
    const pool = openPool();
    await runTasks({ tasks: 4, acts: { '000000': { kind: 'kill', times: 1 } }, pool });
    expect(await countOf('worker-')).toBe(2);
    await pool.close();
    expect(await countOf('worker-')).toBe(0);
    expect((await pidsOf()).filter(isRunning)).toEqual([]);
  });

  it('lets running tasks commit when another has failed, and begins none', async () => {
    const acts = { '000000': { kind: 'query' }, '000001': { kind: 'pause' } } as const;
    const error = await failing(runTasks({ tasks: 6, acts }));
    expect(error.name).toBe('QueryError');
    expect(existsSync(join(folder, 'result-000001'))).toBe(true);
    expect(await countOf('attempt-')).toBe(2);
  });
});

describe('the watchdog', () => {
  it.each(['leak', 'heap'] as const)('ends a process that grows without end (%s), by name', async (kind) => {
    const acts = { '000000': { kind } };
    const error = await failing(
      runTasks({ tasks: 2, acts, pool: openPool({ total: { threads: 2, memoryBytes: 4e8 } }) }),
    );
    expect(error.name).toBe('TaskMemoryError');
    expect(error.message).toContain('00-map 000000');
    expect(existsSync(join(folder, 'result-000001'))).toBe(true);
  });

  it('ends a process that does not answer, by name, and not one that only takes long', async () => {
    const acts = { '000000': { kind: 'block' }, '000001': { kind: 'pause' } } as const;
    const error = await failing(runTasks({ tasks: 2, acts, hangSeconds: 1.5 }));
    expect(error).toMatchObject({ name: 'TaskHungError' });
    expect(error.message).toContain('has failed 3 times');
    expect(existsSync(join(folder, 'result-000001'))).toBe(true);
    await pools.at(0)?.close();
    for (const pid of await pidsOf()) expect(isRunning(pid)).toBe(false);
  });
});

describe('what a worker prints', () => {
  it('is shown behind the name of its task, without what a terminal obeys', async () => {
    await runTasks({ tasks: 1, acts: { '000000': { kind: 'print' } } });
    expect(notes.sort()).toEqual([
      '00-map 000000 | first',
      '00-map 000000 | red ?[31m',
      '00-map 000000 | without an end',
    ]);
  });

  it('fills no memory: of a gigabyte the first lines are shown', async () => {
    const before = process.memoryUsage().rss;
    expect(await runTasks({ tasks: 1, acts: { '000000': { kind: 'gigabyte' } } })).toEqual(namesOf(1));
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
    expect(notes.length).toBeLessThan(15);
    expect(notes.join('').length).toBeLessThan(5000);
    expect(notes.at(-1)).toBe('00-map 000000 | 1.1 GB more are not shown');
  });
});

describe('a cancel', () => {
  it.each(['wait', 'query_long'] as const)(
    'ends running tasks (%s) with the reason of the signal',
    async (kind) => {
      const controller = new AbortController();
      const running = failing(
        runTasks({ tasks: 4, acts: { '000000': { kind }, '000001': { kind } }, signal: controller.signal }),
      );
      await waitFor(async () => (await countOf('attempt-')) === 2, 30);
      const cancelledAt = performance.now();
      controller.abort(new JobCancelledError({ job: 'job' }));
      expect(await running).toMatchObject({ name: 'JobCancelledError' });
      expect(performance.now() - cancelledAt).toBeLessThan(30_000);
      expect(await countOf('attempt-')).toBe(2);
    },
  );

  it('ends a task that does not listen after five seconds', async () => {
    const controller = new AbortController();
    const running = failing(
      runTasks({ tasks: 1, acts: { '000000': { kind: 'block' } }, signal: controller.signal }),
    );
    await waitFor(async () => (await countOf('attempt-')) === 1, 30);
    const cancelledAt = performance.now();
    controller.abort(new JobCancelledError({ job: 'job' }));
    expect(await running).toMatchObject({ name: 'JobCancelledError' });
    expect(performance.now() - cancelledAt).toBeLessThan(30_000);
  });
});

describe('a runner that is killed', () => {
  it('leaves no process behind, be they in a query, waiting or blocked', async () => {
    for (const kind of ['query_long', 'deaf', 'block'] as const) {
      for (const pid of await pidsOf()) await rm(join(folder, `pid-${pid}`));
      await writeFile(join(folder, 'acts.json'), JSON.stringify({ '000000': { kind }, '000001': { kind } }));
      const runner = spawn(NODE, [RUNNER, folder, '2'], { stdio: 'inherit' });
      await waitFor(async () => (await countOf('pid-')) === 2, 30);
      const pids = await pidsOf();
      expect(pids.map(isRunning)).toEqual([true, true]);
      runner.kill('SIGKILL');
      await waitFor(() => !pids.some(isRunning), 2);
    }
  });
});
