import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StateError } from '../../functions/contract/errors-store.ts';
import type { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { readTrace, traceJob, writeTrace } from '../../functions/stages/write-trace.ts';
import { writeSyntheticJob } from '../cli/report-page/synthetic-job.ts';

const FIRST_STAGE = { job: 'traced', run: '0001', stage: '00-map' } as const;

let folder: string;
let store: ObjectStore;
let job: Job;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-trace-'));
  store = await openFileStore(folder);
  job = await writeSyntheticJob(store, { job: 'traced', tasks: 3, workers: 2 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('writes a line an event, and reads them back', async () => {
  const events = await traceJob(store, job);
  expect(events.filter(({ event }) => event === 'committed')).toHaveLength(9);
  expect(await readTrace(store, job.job)).toEqual(events);
  const text = new TextDecoder().decode(await store.get(KEYS.trace.render(job)));
  expect(text.split('\n')).toHaveLength(events.length + 1);
});

it('dates a commit by the store, not by the worker', async () => {
  const key = KEYS.commit.render({ job: job.job, run: '0001', stage: '00-map', task: '000000' });
  const found = await store.head(key);
  const commit = (await traceJob(store, job)).find((event) => event.event === 'committed');
  const opened = (await traceJob(store, job)).find((event) => event.event === 'opened');
  const later = [found?.modifiedAt ?? '', opened?.at ?? ''].sort().at(-1);
  expect(commit?.at).toBe(later);
});

it('weighs tasks by their lists, and evenly where a list is gone', async () => {
  const basesOf = async (): Promise<readonly string[]> =>
    (await traceJob(store, job)).flatMap((event) => (event.event === 'listed' ? [event.basis] : []));
  expect(await basesOf()).toEqual(['measured', 'measured', 'measured']);
  const key = KEYS.tasks.render({ ...FIRST_STAGE, attempt: 'f'.repeat(24) });
  const list = await store.get(key);
  await store.delete(key);
  expect(await basesOf()).toEqual(['even', 'measured', 'measured']);
  await store.put(key, list ?? new Uint8Array());
});

it('leaves out an earlier run of another version, and fails with StateError on such a last one', async () => {
  const other = await writeSyntheticJob(store, { job: 'versions', tasks: 2, workers: 1 });
  const keyOf = (run: string): string => KEYS.plan.render({ job: other.job, run });
  const plan = JSON.parse(new TextDecoder().decode(await store.get(keyOf('0001'))));
  const put = (run: string, value: object): Promise<void> =>
    store.put(keyOf(run), new TextEncoder().encode(JSON.stringify({ ...value, run })));
  await put('0001', { ...plan, stages: 'as another version has them' });
  await expect(traceJob(store, other)).rejects.toThrow(StateError);
  await put('0002', plan);
  const runs = (await traceJob(store, other)).flatMap((event) => ('run' in event ? [event.run] : []));
  expect(new Set(runs)).toEqual(new Set(['0002']));
});

it('writes the same trace any number of times', async () => {
  const before = await store.get(KEYS.trace.render(job));
  await writeTrace(store, job);
  expect(await store.get(KEYS.trace.render(job))).toEqual(before);
});

it('has none of a job that no run of has ended', async () => {
  expect(await readTrace(store, 'another')).toBeUndefined();
});

it.each([
  ['a line that is no event', '{"event":"guessed"}\n', 'line 1 is no event'],
  ['a line cut short', '{"event":"sub', 'its last line has no end'],
])('fails with StateError on %s', async (_, text, problem) => {
  await store.put(KEYS.trace.render({ job: 'broken' }), new TextEncoder().encode(text));
  const error = await readTrace(store, 'broken').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(StateError);
  expect(String(error)).toContain(problem);
});
