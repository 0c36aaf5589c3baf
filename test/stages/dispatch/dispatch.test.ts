import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JobCancelledError } from '../../../functions/contract/errors-store.ts';
import type { Job } from '../../../functions/contract/job.ts';
import { KEYS } from '../../../functions/contract/keys.ts';
import { drawJobId, requestJobId } from '../../../functions/core/job-id.ts';
import { findCloudPresence } from '../../../functions/io/cloud/cloud-presence.ts';
import { listSlots } from '../../../functions/io/cloud/slots.ts';
import { listWaiting } from '../../../functions/io/cloud/waiting-jobs.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import { putHalt } from '../../../functions/io/halt.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { putOutcome } from '../../../functions/io/put-outcome.ts';
import { readSpec } from '../../../functions/io/spec/parse-spec.ts';
import { type DispatchContext, dispatchJobs } from '../../../functions/stages/dispatch/dispatch-jobs.ts';
import { releaseSlot } from '../../../functions/stages/dispatch/release-slot.ts';
import { resumeJob, submitJob } from '../../../functions/stages/dispatch/submit-job.ts';
import { sweepSlots } from '../../../functions/stages/dispatch/sweep-slots.ts';
import { refuseJob } from '../../../functions/stages/end-run.ts';
import { makeJob } from '../../../functions/stages/make-job.ts';
import { announceSeed } from '../../oracle/grammar.ts';
import { type FakeExecutions, fakeExecutions } from './fake-executions.ts';

let folder: string;
let store: ObjectStore;
let executions: FakeExecutions;
let now = Date.UTC(2026, 10, 28);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-dispatch-'));
  store = await openFileStore(folder);
  executions = fakeExecutions();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const world = (more: Partial<DispatchContext> = {}): DispatchContext => ({
  store,
  executions,
  now: () => new Date(now),
  mostJobs: 2,
  ...more,
});

const jobOf = (id: string, deadline?: string): Job => {
  const spec = {
    name: 'some-job',
    input: { uri: 's3://in/a.csv' },
    steps: [{ filter: 'a > 1' }],
    output: { uri: 's3://out/b' },
    ...(deadline === undefined ? {} : { deadline }),
  };
  const parsed = readSpec(JSON.stringify(spec), { file: 'spec.json' });
  return makeJob(parsed, { id, now: new Date(now), submittedBy: 'test' });
};

/** What an execution leaves, whatever becomes of it: the run of job `a`. */
const putRun = async (): Promise<void> => {
  const formats = { engine: 'e', block: 'b', partitioner: 'p' };
  const ids = { job: 'a', run: '0001' };
  const openedAt = new Date(now).toISOString();
  const header = { ...ids, digest: 'f'.repeat(64), formats, stageIds: ['00-map'], openedAt };
  await store.put(KEYS.plan.render(ids), new TextEncoder().encode(JSON.stringify(header)));
};

const waitingJobs = async (): Promise<string[]> => {
  const jobs: string[] = [];
  for await (const { waiting } of listWaiting(store)) jobs.push(waiting.job);
  return jobs;
};

describe('dispatchJobs', () => {
  it('starts as many jobs as there are slots, the earliest deadline first, those without one last', async () => {
    await submitJob(world(), jobOf('never'));
    await submitJob(world(), jobOf('late', '10h'));
    await submitJob(world(), jobOf('soon', '1h'));
    expect(await dispatchJobs(world())).toEqual(['soon-0001-1', 'late-0001-1']);
    expect(executions.inputs.get('soon-0001-1')).toEqual({ job: 'soon', go: 1, reopened: 0 });
    expect(await waitingJobs()).toEqual(['never']);
    expect(await dispatchJobs(world())).toEqual([]);
    executions.end('soon-0001-1');
    await releaseSlot(store, 'soon-0001-1');
    expect(await dispatchJobs(world())).toEqual(['never-0001-1']);
    expect((await listSlots(store)).map(({ number, slot }) => [number, slot.job])).toEqual([
      [0, 'never'],
      [1, 'late'],
    ]);
  });

  it('tells who waits, who runs and who does neither', async () => {
    for (const id of ['a', 'b', 'c']) await submitJob(world(), jobOf(id));
    await dispatchJobs(world());
    expect(await findCloudPresence(store, { job: 'a' })).toBe('working');
    expect(await findCloudPresence(store, { job: 'c' })).toBe('waiting');
    expect(await findCloudPresence(store, { job: 'd' })).toBe('nobody');
  });

  it('gives a slot back only to the one that holds it', async () => {
    await submitJob(world(), jobOf('a'));
    await dispatchJobs(world());
    await releaseSlot(store, 'a-0001-2');
    await releaseSlot(store, 'a-0002-1');
    expect(await listSlots(store)).toHaveLength(1);
    await releaseSlot(store, 'a-0001-1');
    await releaseSlot(store, 'a-0001-1');
    expect(await listSlots(store)).toHaveLength(0);
  });

  it('lets a job whose earlier go is not over yet keep nobody waiting', async () => {
    await submitJob(world(), jobOf('a', '1h'));
    await dispatchJobs(world());
    executions.end('a-0001-1');
    // Its slot is not free yet, and it waits again.
    expect(await resumeJob(world(), 'a')).toBe('waiting');
    await submitJob(world(), jobOf('b'));
    expect(await dispatchJobs(world())).toEqual(['b-0001-1']);
    await releaseSlot(store, 'a-0001-1');
    expect(await dispatchJobs(world())).toEqual(['a-0001-2']);
  });

  it('starts each job once, whatever runs at once, is delivered twice, or dies at any request', async () => {
    const seeds = announceSeed('dispatch', 60);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 3 }),
        async (dieAt, mostJobs) => {
          await rm(folder, { recursive: true, force: true });
          store = await openFileStore(folder);
          executions = fakeExecutions();
          let count = 0;
          const mortal =
            <Arguments extends unknown[], Result>(act: (...args: Arguments) => Promise<Result>) =>
            async (...args: Arguments): Promise<Result> => {
              count += 1;
              if (count === dieAt) throw new Error('died before');
              const result = await act(...args);
              if (count === dieAt + 1) throw new Error('died behind');
              return result;
            };
          const dying = world({
            mostJobs,
            executions: { ...executions, start: mortal(executions.start) },
            store: {
              ...store,
              putIfAbsent: mortal(store.putIfAbsent),
              delete: mortal(store.delete),
              deleteIfSame: mortal(store.deleteIfSame),
              get: mortal(store.get),
            },
          });
          const jobs = ['a', 'b', 'c', 'd'].map((id) => jobOf(id));
          const twice = [...jobs, ...jobs];
          const attempt = (context: DispatchContext) => async (job: Job) => {
            await submitJob(context, job);
            await dispatchJobs(context);
          };
          await Promise.allSettled(twice.map(attempt(dying)));
          for (const job of jobs) await attempt(world({ mostJobs }))(job);
          let most = 0;
          for (let turn = 0; turn < 20; turn += 1) {
            most = Math.max(most, executions.running.size);
            for (const name of [...executions.running]) {
              executions.end(name);
              await releaseSlot(store, name);
            }
            now += 6 * 60_000;
            await sweepSlots(world({ mostJobs }));
            await Promise.all([dispatchJobs(world({ mostJobs })), dispatchJobs(world({ mostJobs }))]);
          }
          expect([...executions.started].sort()).toEqual(['a-0001-1', 'b-0001-1', 'c-0001-1', 'd-0001-1']);
          expect(most).toBeLessThanOrEqual(mostJobs);
          expect(await waitingJobs()).toEqual([]);
          expect(await listSlots(store)).toEqual([]);
        },
      ),
      seeds,
    );
  }, 120_000);
});

describe('submitJob', () => {
  it('takes the same request for one job, also after it has run', async () => {
    const job = jobOf('a');
    await submitJob(world(), job);
    await submitJob(world(), { ...job, submittedAt: '2027-01-01T00:00:00.000Z' });
    await dispatchJobs(world());
    await putRun();
    executions.end('a-0001-1');
    await releaseSlot(store, 'a-0001-1');
    await submitJob(world(), job);
    expect(await waitingJobs()).toEqual([]);
    expect(await dispatchJobs(world())).toEqual([]);
  });

  it('runs a job again whose state was deleted, under the next name that its executions have', async () => {
    const job = jobOf('a');
    await submitJob(world(), job);
    await dispatchJobs(world());
    executions.end('a-0001-1');
    await releaseSlot(store, 'a-0001-1');
    await store.delete(KEYS.job.render(job));
    await submitJob(world(), job);
    await submitJob(world(), job);
    expect(await dispatchJobs(world())).toEqual(['a-0001-2']);
  });

  it('rejects another job of the same id', async () => {
    await submitJob(world(), jobOf('a'));
    await expect(submitJob(world(), jobOf('a', '2h'))).rejects.toThrow('there is already a job a');
    const other = { ...jobOf('a'), modules: { 'x.ts': '0'.repeat(64) } };
    await expect(submitJob(world(), other)).rejects.toThrow('there is already a job a');
    await expect(submitJob(world(), { ...jobOf('a'), tasks: { map: 2 } })).rejects.toThrow('already a job a');
  });
});

describe('sweepSlots', () => {
  it('frees what has ended and what never began, and nothing else', async () => {
    await submitJob(world(), jobOf('a'));
    await submitJob(world(), jobOf('b'));
    await dispatchJobs(world());
    executions.end('a-0001-1');
    expect(await sweepSlots(world())).toEqual({ freed: ['a-0001-1'], stopped: [] });
    await store.put(
      KEYS.slot.render({ slot: '0' }),
      new TextEncoder().encode(
        JSON.stringify({ job: 'lost', run: '0001', go: 1, at: new Date(now).toISOString() }),
      ),
    );
    expect((await sweepSlots(world())).freed).toEqual([]);
    now += 6 * 60_000;
    expect((await sweepSlots(world())).freed).toEqual(['lost-0001-1']);
    expect((await listSlots(store)).map(({ slot }) => slot.job)).toEqual(['b']);
  });

  it('stops from outside what outlives its cancellation by five minutes', async () => {
    await submitJob(world(), jobOf('a'));
    await dispatchJobs(world());
    await putHalt(store, { job: 'a', run: '0001', reason: 'cancel', at: new Date(now).toISOString() });
    expect((await sweepSlots(world())).stopped).toEqual([]);
    now += 6 * 60_000;
    expect((await sweepSlots(world())).stopped).toEqual(['a-0001-1']);
    expect((await sweepSlots(world())).freed).toEqual(['a-0001-1']);
  });
});

describe('sweepSlots, after a run has ended', () => {
  const at = (): string => new Date(now).toISOString();

  const openRun = async (kind: 'cancelled' | 'published'): Promise<void> => {
    await putRun();
    await putOutcome(store, { job: 'a', run: '0001', kind, at: at() });
    await putHalt(store, { job: 'a', run: '0001', reason: 'cancel', at: at() });
  };

  it('leaves alone a resumed job that has not opened its run yet, however old the cancel of the last one', async () => {
    await submitJob(world(), jobOf('a'));
    await dispatchJobs(world());
    await openRun('cancelled');
    executions.end('a-0001-1');
    await releaseSlot(store, 'a-0001-1');
    now += 10 * 60_000;
    await resumeJob(world(), 'a');
    expect(await dispatchJobs(world())).toEqual(['a-0002-1']);
    expect(await sweepSlots(world())).toEqual({ freed: [], stopped: [] });
  });

  it('leaves alone a publish for which a cancel came too late', async () => {
    await submitJob(world(), jobOf('a'));
    await dispatchJobs(world());
    await openRun('published');
    now += 6 * 60_000;
    expect(await sweepSlots(world())).toEqual({ freed: [], stopped: [] });
  });
});

describe('resumeJob', () => {
  it('leaves alone what runs, and counts on where a go is over', async () => {
    await submitJob(world(), jobOf('a'));
    await dispatchJobs(world());
    expect(await resumeJob(world(), 'a')).toBe('running');
    executions.end('a-0001-1');
    await releaseSlot(store, 'a-0001-1');
    expect(await resumeJob(world(), 'a')).toBe('waiting');
    expect(await resumeJob(world(), 'a')).toBe('waiting');
    expect(await dispatchJobs(world())).toEqual(['a-0001-2']);
  });

  it('is not lost on a go that has told how the job ended, and only has its slot to give back', async () => {
    await submitJob(world(), jobOf('a'));
    await dispatchJobs(world());
    now += 1_000;
    await refuseJob(world(), jobOf('a'), { error: new JobCancelledError({ job: 'a' }), as: 'refused' });
    expect(await resumeJob(world(), 'a')).toBe('waiting');
    expect(await dispatchJobs(world())).toEqual([]);
    await releaseSlot(store, 'a-0001-1');
    expect(await dispatchJobs(world())).toEqual(['a-0001-2']);
    // The report is that of the go before.
    now += 1_000;
    expect(await resumeJob(world(), 'a')).toBe('running');
  });

  it('is not lost on a go that has given its slot back and has not ended', async () => {
    await submitJob(world(), jobOf('a'));
    await dispatchJobs(world());
    await releaseSlot(store, 'a-0001-1');
    expect(await resumeJob(world(), 'a')).toBe('waiting');
    expect(await dispatchJobs(world())).toEqual(['a-0001-2']);
  });

  it('is not lost on an entry that a dispatch which died has left', async () => {
    await submitJob(world(), jobOf('a'));
    const dying = { ...store, deleteIfSame: () => Promise.reject(new Error('died')) };
    await expect(dispatchJobs(world({ store: dying }))).rejects.toThrow('died');
    executions.end('a-0001-1');
    await releaseSlot(store, 'a-0001-1');
    expect(await resumeJob(world(), 'a')).toBe('waiting');
    expect(await dispatchJobs(world())).toEqual(['a-0001-2']);
  });

  it('is not lost on a dispatch whose delete comes late', async () => {
    await submitJob(world(), jobOf('a'));
    const late = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const deleteIfSame: ObjectStore['deleteIfSame'] = async (key, bytes) => {
      asked.resolve();
      await late.promise;
      return store.deleteIfSame(key, bytes);
    };
    const slow = dispatchJobs(world({ store: { ...store, deleteIfSame } }));
    await asked.promise;
    executions.end('a-0001-1');
    await releaseSlot(store, 'a-0001-1');
    now += 1_000;
    expect(await resumeJob(world(), 'a')).toBe('waiting');
    late.resolve();
    await slow;
    expect(await waitingJobs()).toEqual(['a']);
    expect(await dispatchJobs(world())).toEqual(['a-0001-2']);
  });

  it('rejects a job that is not there', async () => {
    await expect(resumeJob(world(), 'a')).rejects.toThrow('there is no job');
  });
});

describe('ids of jobs', () => {
  it('are valid whatever the name, and tell requests apart', () => {
    const name = 'a'.repeat(42).concat('-', 'b'.repeat(20));
    expect(drawJobId(name, new Date(now), 'ab12')).toHaveLength(63);
    expect(requestJobId(name, 'f'.repeat(64))).toBe(`${'a'.repeat(42)}-bbb-ffffffffffffffff`);
    expect(requestJobId('x', '0'.repeat(64))).toBe('x-0000000000000000');
  });
});
