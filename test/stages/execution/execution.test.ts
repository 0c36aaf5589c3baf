/** The laws of an execution, played in this process over the store on files. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concludeWatch } from '../../../cli/conclude-watch.ts';
import { QueryError, TaskMemoryError } from '../../../functions/contract/errors-query.ts';
import { StoreError } from '../../../functions/contract/errors-store.ts';
import { InternalError } from '../../../functions/contract/errors-worker.ts';
import type { ExecutionState, TaskEvent } from '../../../functions/contract/execution.ts';
import { Job } from '../../../functions/contract/job.ts';
import { blockPrefixes, KEYS } from '../../../functions/contract/keys.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import { putHalt } from '../../../functions/io/halt.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { putOnce } from '../../../functions/io/put-once.ts';
import { readSpec } from '../../../functions/io/spec/parse-spec.ts';
import { cancelJob } from '../../../functions/stages/cancel-job.ts';
import { makeJob } from '../../../functions/stages/make-job.ts';
import { readJobState } from '../../../functions/stages/read-job-state.ts';
import { contextFor, type PlayOptions, playExecution } from './play-execution.ts';

let folder: string;
let store: ObjectStore;

const ROWS = 5_000;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-execution-'));
  store = await openFileStore(join(folder, 'state'));
  const rows = Array.from({ length: ROWS }, (_, row) => `${row},${row % 37},${(row * 7919) % 101}`);
  await writeFile(join(folder, 'input.csv'), `v,k,x\n${rows.join('\n')}\n`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const STEPS = [{ group_by: { keys: ['k'], aggregates: { n: 'count(*)', s: 'sum(x)', m: 'median(v)' } } }];
const QUERY = 'SELECT k, count(*) n, sum(x) s, median(v) m';

const submit = async (
  id: string,
  more: {
    readonly steps?: readonly unknown[];
    readonly tasks?: { map: number; reduce: number };
    readonly uri?: string;
  } = {},
): Promise<Job> => {
  const document = {
    name: 'counted',
    input: { uri: more.uri ?? 'input.csv' },
    steps: more.steps ?? STEPS,
    output: { uri: join(folder, 'out') },
  };
  const parsed = readSpec(JSON.stringify(document), { file: 'spec.json' });
  const tasks = more.tasks ?? { map: 4, reduce: 3 };
  const job = makeJob(parsed, { id, now: new Date(), submittedBy: 'test', baseDir: folder, tasks });
  await putOnce(store, { key: KEYS.job.render(job), schema: Job }, job);
  return job;
};

const play = async (job: Job, options: Partial<PlayOptions> = {}, go = 1): Promise<ExecutionState> => {
  const context = options.context ?? (await contextFor(store, folder));
  return playExecution({ ...options, context }, { job: job.job, go, reopened: 0 });
};

const rowsOf = async (sql: string): Promise<string> => {
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(sql);
    return JSON.stringify(reader.getRowsJson());
  } finally {
    instance.closeSync();
  }
};

const requireRight = async (): Promise<void> => {
  const found = await rowsOf(`SELECT k, n, s::HUGEINT, m FROM '${folder}/out/*.parquet' ORDER BY k`);
  const expected = await rowsOf(`${QUERY} FROM '${folder}/input.csv' GROUP BY k ORDER BY k`);
  expect(found).toBe(expected.replaceAll('.0"', '.0"'));
};

const wordOf = async (job: Job): Promise<string> =>
  (await readJobState({ store, findPresence: async () => 'nobody' }, job.job)).word;

describe('an execution', () => {
  it('runs a job of many tasks to its end, and leaves no block', async () => {
    const job = await submit('whole');
    const states: string[] = [];
    const end = await play(job, { onState: ({ next }) => void states.push(next) });
    expect(states).toEqual(['map', 'reduce', 'publish', 'end']);
    expect(end).toMatchObject({ outcome: 'published', failure: { name: '', message: '' } });
    await requireRight();
    for (const prefix of blockPrefixes({ job: job.job })) {
      for await (const { key } of store.list(prefix)) expect.unreachable(`${key} is left`);
    }
  });

  it('runs a stage of one task without a Map', async () => {
    const job = await submit('one', { tasks: { map: 1, reduce: 1 } });
    const states: string[] = [];
    const end = await play(job, { onState: ({ next }) => void states.push(next) });
    expect(states).toEqual(['map-one', 'publish', 'end']);
    expect(end.outcome).toBe('published');
    await requireRight();
  });

  it('makes another pass over the tasks that are missing, and only those', async () => {
    const job = await submit('missing');
    const ran: string[] = [];
    const failing = new Set(['000001', '000003']);
    const end = await play(job, {
      runTask: (event, run) => {
        ran.push(`${event.stage} ${event.task}`);
        if (event.stage === '00-map' && failing.delete(event.task))
          throw new StoreError({ operation: 'read', key: 'x', reason: 'it is away' });
        return run();
      },
    });
    expect(end.outcome).toBe('published');
    expect(ran.filter((each) => each.startsWith('00-map'))).toEqual(
      ['000000', '000001', '000002', '000003', '000001', '000003'].map((task) => `00-map ${task}`),
    );
    await requireRight();
  });

  it('ends with the own failure of tasks that two passes could not do, and publishes nothing', async () => {
    const job = await submit('never');
    let passes = 0;
    const end = await play(job, {
      onState: ({ next }) => {
        if (next === 'map' || next === 'map-one') passes += 1;
      },
      runTask: (event, run) => {
        if (event.task === '000002')
          throw new StoreError({ operation: 'read', key: 'x', reason: 'it is away' });
        return run();
      },
    });
    // Three tasks are done by the first pass; two that commit nothing follow.
    expect(passes).toBe(3);
    expect(end).toMatchObject({ outcome: 'failed', failure: { name: 'StoreError' } });
    expect(end.failure.message).toContain('it is away');
    expect(await wordOf(job)).toBe('failed');
    await expect(rowsOf(`SELECT * FROM '${folder}/out/*.parquet'`)).rejects.toThrow('No files found');
  });

  it('ends at once where a failure halts the run', async () => {
    const job = await submit('halted');
    const failure = { name: 'QueryError', message: 'a cast failed' } as const;
    const end = await play(job, {
      runTask: async (event) => {
        await putHalt(store, {
          job: event.job,
          run: event.run,
          reason: 'failure',
          at: new Date().toISOString(),
          failure,
        });
        throw new QueryError({ task: 'map', message: 'a cast failed' });
      },
    });
    expect(end).toMatchObject({ outcome: 'failed', failure: { name: 'QueryError' } });
  });

  it('halves a task that outgrew the large function, until it fits', async () => {
    const job = await submit('outgrown');
    const isLarge = async (event: TaskEvent): Promise<boolean> => {
      const task = JSON.parse(
        new TextDecoder().decode(await store.getRange(event.tasksKey, event.offset, event.length)),
      );
      return task.weightBytes > (event.stage === '00-map' ? 12_000 : Number.POSITIVE_INFINITY);
    };
    const notes: string[] = [];
    const context = await contextFor(store, folder, { note: (line) => void notes.push(line) });
    const end = await play(job, {
      context,
      runTask: async (event, run) => {
        if (await isLarge(event))
          throw new TaskMemoryError({ task: event.task, memoryBytes: 1, message: 'it is full' });
        return run();
      },
    });
    expect(end.outcome).toBe('published');
    expect(notes.length).toBeGreaterThan(0);
    await requireRight();
  });

  it('halves partitions by their keys', async () => {
    const job = await submit('keys', { tasks: { map: 2, reduce: 1 } });
    const seen: string[] = [];
    const end = await play(job, {
      runTask: (event, run) => {
        if (event.stage === '01-reduce') seen.push(event.task);
        if (event.stage === '01-reduce' && event.task.length < 14)
          throw new TaskMemoryError({ task: event.task, memoryBytes: 1, message: 'it is full' });
        return run();
      },
    });
    expect(end.outcome).toBe('published');
    expect(seen.filter((task) => task.length === 14).length).toBe(4);
    await requireRight();
  });

  it('fails with the task’s own failure where it cannot be cut any more', async () => {
    const job = await submit('indivisible', { tasks: { map: 1, reduce: 1 } });
    const end = await play(job, {
      runTask: (event) => {
        throw new TaskMemoryError({ task: event.task, memoryBytes: 1, message: 'it is full' });
      },
    });
    expect(end).toMatchObject({ outcome: 'failed', failure: { name: 'TaskMemoryError' } });
  });

  /** A map block that is deleted once, before the reduce reads it, and a task that says so. */
  const losingBytes = (job: Job): Required<Pick<PlayOptions, 'onState' | 'runTask'>> => {
    let isLost = false;
    return {
      onState: async ({ next }) => {
        if (next !== 'reduce' || isLost) return;
        isLost = true;
        for (const prefix of blockPrefixes({ job: job.job, run: '0001', stage: '00-map' })) {
          for await (const { key } of store.list(prefix)) return store.delete(key);
        }
      },
      runTask: async (event, run) => {
        try {
          return await run();
        } catch (error) {
          const { name, message } = error as Error;
          const failure = { name: name as 'BlockMissingError', message };
          const at = new Date().toISOString();
          await putHalt(store, { job: event.job, run: event.run, reason: 'failure', at, failure });
          throw error;
        }
      },
    };
  };

  it('opens the next run where bytes are gone, and adopts the rest', async () => {
    const job = await submit('lost');
    const end = await play(job, losingBytes(job));
    expect(end).toMatchObject({ outcome: 'published', run: '0002', reopened: 1 });
    await requireRight();
  });

  it('fails where bytes are gone and no next run can be opened, and says what kept it', async () => {
    const job = await submit('lost-for-good');
    const { onState, runTask } = losingBytes(job);
    const end = await play(job, {
      runTask,
      onState: async (state) => {
        await onState(state);
        if (state.next === 'split') await writeFile(join(folder, 'input.csv'), 'v,k,x\n1,2,3\n');
      },
    });
    const failure = { name: 'InputChangedError' };
    expect(end).toMatchObject({ outcome: 'failed', run: '0001', failure });
    const state = await readJobState({ store, findPresence: async () => 'nobody' }, job.job);
    expect(state).toMatchObject({ word: 'failed', outcome: { kind: 'superseded' }, report: { failure } });
    const resumed = await readJobState({ store, findPresence: async () => 'working' }, job.job);
    expect(resumed.word).toBe('running');
  });

  it('is in nobody’s hands between the run that lost bytes and the next, until it is cancelled', async () => {
    const job = await submit('dropped');
    const { onState, runTask } = losingBytes(job);
    const dropped = play(job, {
      runTask,
      onState: async (state) => {
        await onState(state);
        if (state.next === 'split') throw new Error('stopped from outside');
      },
    });
    await expect(dropped).rejects.toThrow('stopped from outside');
    const world = { store, findPresence: async () => 'nobody' as const };
    expect(await wordOf(job)).toBe('interrupted');
    await cancelJob({ store, now: () => new Date() }, await readJobState(world, job.job));
    expect(await wordOf(job)).toBe('cancelled');
  });

  it('ends as cancelled, during map and before anything ran, and a resume goes on', async () => {
    const job = await submit('cancelled');
    const end = await play(job, {
      runTask: async (event, run) => {
        if (event.task === '000001') {
          const state = await readJobState({ store, findPresence: async () => 'working' }, job.job);
          await cancelJob({ store, now: () => new Date() }, state);
        }
        return run();
      },
    });
    expect(end).toMatchObject({ outcome: 'cancelled', failure: { name: 'JobCancelledError' } });
    expect(await wordOf(job)).toBe('cancelled');
    const ran: string[] = [];
    const resumed = await play(
      job,
      {
        runTask: (event, run) => {
          ran.push(`${event.stage} ${event.task}`);
          return run();
        },
      },
      2,
    );
    expect(resumed).toMatchObject({ outcome: 'published', run: '0002' });
    // What was committed before the cancel is adopted.
    expect(ran).not.toContain('00-map 000000');
    expect(ran).toContain('00-map 000003');
    await requireRight();
  });

  it('leaves the trace to whoever is at work, and all that every task tells where there are too many', async () => {
    const job = await submit('told');
    const [asked, said, read, early]: [string[], string[], number[], unknown[]] = [[], [], [], []];
    const isCommit = (key: string): boolean => KEYS.commit.parse(key) !== undefined;
    const counted: ObjectStore = {
      ...store,
      get: (key) => {
        asked.push(key);
        return store.get(key);
      },
    };
    await play(job, {
      runTask: async (event, run) => {
        await run();
        if (event.task !== '000001') return;
        const state = await readJobState({ store, findPresence: async () => 'working' }, job.job);
        const world = { store: counted, now: () => new Date() };
        said.push(await cancelJob({ ...world, mostTasksTold: 1 }, state));
        read.push(asked.filter(isCommit).length);
        await cancelJob(world, state);
        read.push(asked.filter(isCommit).length);
        early.push(await store.head(KEYS.trace.render(job)));
      },
    });
    expect(said).toEqual([expect.stringContaining('is cancelled')]);
    expect(read).toEqual([0, expect.toSatisfy((reads: number) => reads > 0)]);
    expect(early).toEqual([undefined]);
    expect(await store.head(KEYS.trace.render(job))).toBeDefined();
    const state = await readJobState({ store, findPresence: async () => 'nobody' }, job.job);
    expect(state).toMatchObject({ word: 'cancelled', report: { outcome: 'cancelled' } });
  });

  it('tells why a job that was cancelled cannot go on, and leaves it cancelled', async () => {
    const job = await submit('changed');
    await play(job, {
      runTask: async (_, run) => {
        const state = await readJobState({ store, findPresence: async () => 'working' }, job.job);
        await cancelJob({ store, now: () => new Date() }, state);
        return run();
      },
    });
    await writeFile(join(folder, 'input.csv'), 'v,k,x\n1,2,3\n');
    const end = await play(job, {}, 2);
    expect(end).toMatchObject({ outcome: 'cancelled', run: '0001', failure: { name: 'InputChangedError' } });
    const state = await readJobState({ store, findPresence: async () => 'nobody' }, job.job);
    expect(state).toMatchObject({
      word: 'cancelled',
      report: { outcome: 'cancelled', failure: { name: 'InputChangedError' } },
    });
    await expect(concludeWatch(state, {})).rejects.toMatchObject({ name: 'InputChangedError' });
  });

  it('refuses a job that only the data can judge, with the reason', async () => {
    const job = await submit('refused', { steps: [{ filter: 'nothing > 1' }] });
    const end = await play(job);
    expect(end).toMatchObject({ outcome: 'refused', failure: { name: 'ExpressionError' }, run: '' });
    expect(await wordOf(job)).toBe('refused');
  });

  it('gives the output back where it was claimed and no run could be opened', async () => {
    const job = await submit('unopened');
    const claimed: boolean[] = [];
    const reason = 'the disk is full';
    const full: ObjectStore = {
      ...store,
      putIfAbsent: async (key, bytes) => {
        if (KEYS.plan.parse(key) === undefined) return store.putIfAbsent(key, bytes);
        claimed.push(existsSync(join(folder, '.out.daybreak', '_daybreak.json')));
        throw new StoreError({ operation: 'put', key, reason });
      },
    };
    const end = await play(job, { context: await contextFor(full, folder) });
    expect(end).toMatchObject({ outcome: 'failed', failure: { message: expect.stringContaining(reason) } });
    expect(claimed).toEqual([true]);
    expect(existsSync(join(folder, '.out.daybreak', '_daybreak.json'))).toBe(false);
  });

  it('finishes a publish that died behind its outcome', async () => {
    const job = await submit('dying');
    let deaths = 2;
    const dying: ObjectStore = {
      ...store,
      put: (key, bytes) => {
        if (key.endsWith('report.json') && deaths-- > 0)
          throw new StoreError({ operation: 'put', key, reason: 'it is away' });
        return store.put(key, bytes);
      },
    };
    const end = await play(job, { context: await contextFor(dying, folder) });
    expect(end).toMatchObject({ outcome: 'published', reopened: 2 });
    await requireRight();
  });

  it('says that it does not know where a mistake of ours ended it, and fails the run', async () => {
    const job = await submit('mistaken');
    const end = await play(job, {
      runTask: () => {
        throw new TypeError('undefined is not a function');
      },
    });
    expect(end).toMatchObject({ outcome: 'failed', failure: { name: 'InternalError' } });
    expect(end.failure.message).toContain('undefined is not a function');
    expect(new InternalError({ where: 'x', what: 'y' }).row.retry).toBe('never');
  });

  it('may be played twice at the same time', async () => {
    const job = await submit('twice');
    const ends = await Promise.all([play(job), play(job, {}, 2)]);
    for (const end of ends) expect(['published', 'failed']).toContain(end.outcome);
    expect(ends.some(({ outcome }) => outcome === 'published')).toBe(true);
    await requireRight();
  });
});
