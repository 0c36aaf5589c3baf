/** A watch over an execution that goes on by one step at each pause of the watch: no clock, no waiting. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concludeWatch } from '../../cli/conclude-watch.ts';
import type { ProgressView, StageProgress } from '../../cli/progress.ts';
import { PATIENCE_MS, type WatchWish, watchJob } from '../../cli/watch-job.ts';
import { StoreError } from '../../functions/contract/errors-store.ts';
import type { Job } from '../../functions/contract/job.ts';
import { findCloudPresence } from '../../functions/io/cloud/cloud-presence.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { readSpec } from '../../functions/io/spec/parse-spec.ts';
import { cancelJob } from '../../functions/stages/cancel-job.ts';
import { type DispatchContext, dispatchJobs } from '../../functions/stages/dispatch/dispatch-jobs.ts';
import { releaseSlot } from '../../functions/stages/dispatch/release-slot.ts';
import { resumeJob, submitJob } from '../../functions/stages/dispatch/submit-job.ts';
import { makeJob } from '../../functions/stages/make-job.ts';
import { readJobFacts } from '../../functions/stages/read-job-state.ts';
import { type FakeExecutions, fakeExecutions } from '../stages/dispatch/fake-executions.ts';
import { contextFor, playExecution } from '../stages/execution/play-execution.ts';

let folder: string;
let store: ObjectStore;
let executions: FakeExecutions;
let clockMs: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-watch-'));
  store = await openFileStore(join(folder, 'state'));
  executions = fakeExecutions();
  clockMs = Date.now();
  const rows = Array.from({ length: 2_000 }, (_, row) => `${row},${row % 37}`);
  await writeFile(join(folder, 'input.csv'), `v,k\n${rows.join('\n')}\n`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const now = (): Date => new Date(clockMs);
const dispatching = (): DispatchContext => ({ store, executions, now, mostJobs: 1 });
const worldOf = (over: ObjectStore = store) => ({
  store: over,
  now,
  findPresence: (job: { readonly job: string }) => findCloudPresence(over, job),
});

const jobOf = (
  steps: readonly unknown[] = [{ group_by: { keys: ['k'], aggregates: { n: 'count(*)' } } }],
): Job => {
  const spec = { name: 'one', input: { uri: 'input.csv' }, steps, output: { uri: join(folder, 'out') } };
  const parsed = readSpec(JSON.stringify(spec), { file: 'spec.json' });
  const tasks = { map: 3, reduce: 2 };
  return makeJob(parsed, { id: 'one', now: now(), submittedBy: 'test', baseDir: folder, tasks });
};

type Shown = { readonly lines: string[]; readonly updates: StageProgress[]; readonly pauses: number[] };

/** Watches while something else goes on: `steps` gives what happens in each pause, in order. */
const watchDuring = async (
  steps: Iterable<() => unknown> | AsyncIterable<() => unknown>,
  wish: Partial<WatchWish> = {},
  over: ObjectStore = store,
) => {
  const shown: Shown = { lines: [], updates: [], pauses: [] };
  const view: ProgressView = {
    update: (progress) => void shown.updates.push(progress),
    finish: (stage, sentence) => void shown.lines.push(`${stage}  ${sentence}`),
    note: (sentence) => void shown.lines.push(sentence),
    close: () => {},
  };
  const queue = Symbol.asyncIterator in steps ? steps[Symbol.asyncIterator]() : steps[Symbol.iterator]();
  const pause = async (milliseconds: number): Promise<void> => {
    shown.pauses.push(milliseconds);
    clockMs += milliseconds;
    const { value: act, done } = await queue.next();
    if (done !== true) await act();
  };
  const watcher = { world: worldOf(over), view, now, pause };
  const state = await watchJob(watcher, { job: 'one', patienceMs: PATIENCE_MS, ...wish });
  return { state, ...shown };
};

/** What the last state of an execution does. */
const leaveSlot = async (): Promise<void> => {
  const name = executions.started.at(-1) ?? '';
  executions.end(name);
  await releaseSlot(store, name);
};

/** The execution of a go as a list of steps: it stands still between them. */
async function* execution(go = 1): AsyncGenerator<() => Promise<void>> {
  let arrived = Promise.withResolvers<void>();
  let leave = Promise.withResolvers<void>();
  let isOver = false;
  const stand = async (): Promise<void> => {
    arrived.resolve();
    await leave.promise;
  };
  const playing = contextFor(store, folder)
    .then((context) =>
      playExecution(
        { context, onState: stand, runTask: async (_, run) => stand().then(run) },
        { job: 'one', go, reopened: 0 },
      ),
    )
    .finally(() => {
      isOver = true;
      arrived.resolve();
    });
  await arrived.promise;
  while (!isOver) {
    yield async () => {
      const left = leave;
      [arrived, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      left.resolve();
      await arrived.promise;
    };
  }
  await playing;
  yield () => leaveSlot();
}

async function* wholeJob(job: Job): AsyncGenerator<() => Promise<unknown>> {
  yield () => submitJob(dispatching(), job);
  yield () => dispatchJobs(dispatching());
  yield* execution();
}

const withoutSeconds = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.replace(/ {2}[\d.]+ s$/, '  S'));

describe('a watch', () => {
  it('shows a job from before it is there to its end, in the words of a local run', async () => {
    const { state, lines, updates, pauses } = await watchDuring(wholeJob(jobOf()));
    expect(state.word).toBe('published');
    expect(withoutSeconds(lines)).toEqual([
      'job one waits for a slot',
      '00-map  2,000 rows in, 111 out, 3 tasks  S',
      '01-reduce  111 rows in, 37 out, 2 tasks  S',
      `publish  37 rows in 2 files to ${join(folder, 'out')}`,
    ]);
    expect(updates.map(({ stage, share }) => [stage, share])).toEqual(
      expect.arrayContaining([
        ['00-map', 0],
        ['00-map', 2 / 3],
        ['01-reduce', 1 / 2],
      ]),
    );
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10_000);
  });

  it('looks more and more seldom, and soon again when a stage has ended', async () => {
    const waits = Array.from({ length: 20 }, () => () => {});
    async function* slowJob() {
      const job = jobOf();
      yield () => submitJob(dispatching(), job);
      yield* waits;
      yield () => dispatchJobs(dispatching());
      yield* execution();
    }
    const { pauses } = await watchDuring(slowJob());
    expect(pauses.slice(0, 8).every((pause, index) => index === 0 || pause > (pauses[index - 1] ?? 0))).toBe(
      true,
    );
    expect(pauses.slice(10, 20)).toEqual(Array.from({ length: 10 }, () => 10_000));
    expect(pauses.filter((pause) => pause === 1_000).length).toBeGreaterThanOrEqual(3);
  });

  it('ends with the failure of the job: its name, its sentence, its exit code', async () => {
    const { state } = await watchDuring(wholeJob(jobOf([{ extend: { n: "('x' || k)::INTEGER" } }])));
    expect(state.word).toBe('failed');
    await expect(concludeWatch(state, {})).rejects.toMatchObject({
      name: 'QueryError',
      row: { exitCode: 1 },
    });
  });

  it('ends as refused where the data says no', async () => {
    const { state } = await watchDuring(wholeJob(jobOf([{ filter: 'nothing > 1' }])));
    expect(state.word).toBe('refused');
    await expect(concludeWatch(state, {})).rejects.toMatchObject({
      name: 'ExpressionError',
      row: { exitCode: 2 },
    });
  });

  it('ends as cancelled when somebody cancels', async () => {
    async function* cancelled() {
      yield* [() => submitJob(dispatching(), jobOf()), () => dispatchJobs(dispatching())];
      let turn = 0;
      for await (const step of execution()) {
        turn += 1;
        if (turn === 3) yield async () => cancelJob(worldOf(), await readJobFacts(worldOf(), 'one'));
        yield step;
      }
    }
    const { state } = await watchDuring(cancelled());
    await expect(concludeWatch(state, {})).rejects.toMatchObject({
      name: 'JobCancelledError',
      row: { exitCode: 130 },
    });
  });

  it('fails for a job that is nowhere, when its patience is at an end', async () => {
    const startedMs = clockMs;
    await expect(watchDuring([])).rejects.toThrow('there is no job "one"');
    expect(clockMs - startedMs).toBeGreaterThan(PATIENCE_MS);
    expect(clockMs - startedMs).toBeLessThan(PATIENCE_MS + 10_000);
  });

  it('fails for a job that nobody works on any more', async () => {
    async function* dying() {
      yield* [() => submitJob(dispatching(), jobOf()), () => dispatchJobs(dispatching())];
      let turn = 0;
      for await (const step of execution()) {
        turn += 1;
        if (turn === 4) break;
        yield step;
      }
      yield () => leaveSlot();
    }
    await expect(watchDuring(dying())).rejects.toMatchObject({
      name: 'JobStoppedError',
      row: { exitCode: 1 },
    });
  });
});

describe('a watch over a store that stumbles', () => {
  const throttled = (isDown: (read: number) => boolean): ObjectStore => {
    let reads = 0;
    return {
      ...store,
      get: async (key) => {
        reads += 1;
        if (!isDown(reads)) return store.get(key);
        throw new StoreError({ operation: 'read', key, reason: 'slow down', isUnknown: true });
      },
    };
  };

  it('sees the job to its end', async () => {
    const { state } = await watchDuring(
      wholeJob(jobOf()),
      {},
      throttled((read) => read % 25 === 7),
    );
    expect(state.word).toBe('published');
  });

  it('fails where it never answers again', async () => {
    const watching = watchDuring(
      [],
      {},
      throttled(() => true),
    );
    await expect(watching).rejects.toMatchObject({ name: 'StoreError' });
  });
});

describe('a watch behind a resume', () => {
  it('takes the end that was for no end, and waits for the next one', async () => {
    const job = jobOf([{ extend: { n: 'v::INTEGER' } }, { filter: 'n >= 0' }]);
    await rm(join(folder, 'input.csv'));
    const { state: refused } = await watchDuring(wholeJob(job));
    expect(refused.word).toBe('refused');
    await leaveSlot();
    const before = await readJobFacts(worldOf(), 'one');
    await writeFile(join(folder, 'input.csv'), 'v,k\n1,2\n');
    async function* resumed() {
      yield* [() => {}, () => resumeJob(dispatching(), 'one'), () => {}, () => dispatchJobs(dispatching())];
      yield* execution(2);
    }
    const { state } = await watchDuring(resumed(), { before });
    expect(state.word).toBe('published');
  });

  it('says once that nobody has taken a job that was sent, and goes on', async () => {
    async function* late(): AsyncGenerator<() => Promise<unknown>> {
      for (let pause = 0; pause < 15; pause += 1) yield async () => {};
      yield* wholeJob(jobOf());
    }
    const { state, lines } = await watchDuring(late(), { patienceMs: 600_000 });
    expect(state.word).toBe('published');
    expect(lines.filter((line) => line.startsWith('nobody has taken the job one yet'))).toHaveLength(1);
  });

  it('fails where nobody takes it up', async () => {
    const { state } = await watchDuring(wholeJob(jobOf([{ filter: 'nothing > 1' }])));
    await leaveSlot();
    await expect(watchDuring([], { before: state })).rejects.toMatchObject({ name: 'JobStoppedError' });
  });
});
