import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readTrace, traceJob, writeTrace } from '../../cli/write-trace.ts';
import { StateError } from '../../functions/contract/errors-store.ts';
import type { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { writeSyntheticJob } from './report-page/synthetic-job.ts';

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
