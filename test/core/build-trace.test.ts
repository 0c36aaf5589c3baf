import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Amendment } from '../../functions/contract/amendment.ts';
import { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { Plan } from '../../functions/contract/plan.ts';
import { TraceEvent } from '../../functions/contract/trace.ts';
import { buildTrace, type RunFacts, type StageFacts } from '../../functions/core/build-trace.ts';
import { listCommits } from '../../functions/io/commit-attempt.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import { readOutcome } from '../../functions/io/put-outcome.ts';
import { readSealed } from '../../functions/io/seal-stage.ts';
import { writeSyntheticJob } from '../cli/report-page/synthetic-job.ts';

let folder: string;
let job: Job;
let run: RunFacts;

const decode = (bytes: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(bytes));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-trace-'));
  const store = await openFileStore(folder);
  job = Job.parse(await writeSyntheticJob(store, { job: 'traced', tasks: 4, workers: 2 }));
  const plan = Plan.parse(decode(await store.get(KEYS.plan.render({ job: 'traced', run: '0001' }))));
  const stages: StageFacts[] = [];
  for (const stage of plan.stageIds) {
    const ids = { job: plan.job, run: plan.run, stage };
    const commits = await listCommits(store, ids);
    stages.push({
      stage,
      amendments: [],
      sealed: await readSealed(store, ids),
      commits: commits.map((commit) => ({ commit, committedAt: commit.endedAt })),
      weights: undefined,
    });
  }
  run = { plan, stages, outcome: await readOutcome(store, plan) };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const eventsOf = (facts: readonly RunFacts[]) =>
  buildTrace(job, facts).map((event) => TraceEvent.parse(event));

/** What a forecast at an instant would see, by the definition of the format alone. */
const replay = (events: readonly TraceEvent[], at: string) => {
  const seen = events.filter((event) => event.at <= at);
  const weights = new Map(
    seen.flatMap((event) =>
      event.event === 'listed' ? event.weights.map(([task, bytes]) => [`${event.stage}/${task}`, bytes]) : [],
    ),
  );
  const done = seen.filter((event) => event.event === 'committed');
  const bytes = done.reduce((sum, { stage, task }) => sum + Number(weights.get(`${stage}/${task}`)), 0);
  return { listed: weights.size, done: done.length, bytes };
};

it('tells a run in the order of time, from its submission to its outcome', () => {
  const events = eventsOf([run]);
  const times = events.map(({ at }) => Date.parse(at));
  expect(times).toEqual([...times].sort((left, right) => left - right));
  expect(events.map(({ event }) => event).filter((event) => event !== 'committed')).toEqual([
    'submitted',
    'opened',
    'listed',
    'sealed',
    'listed',
    'sealed',
    'listed',
    'sealed',
    'ended',
  ]);
});

it('lists a stage when the one before it is sealed, and never a commit before its list', () => {
  const known = new Set<string>();
  for (const event of eventsOf([run])) {
    if (event.event === 'listed') for (const [task] of event.weights) known.add(`${event.stage}/${task}`);
    if (event.event === 'committed') expect(known).toContain(`${event.stage}/${event.task}`);
  }
  expect(known.size).toBe(12);
});

it('can be replayed: at each commit one more task is done, and at the end all weight of the input is', () => {
  const events = eventsOf([run]);
  const [first] = run.stages;
  const ends = (first?.commits ?? []).map(({ committedAt }) => committedAt).sort();
  expect(ends.map((at) => replay(events, at).done)).toEqual([1, 2, 3, 4]);
  expect(replay(events, ends.at(-1) ?? '').bytes).toBe(run.plan.stages[0]?.inputBytes);
  expect(replay(events, run.plan.openedAt)).toEqual({ listed: 4, done: 0, bytes: 0 });
});

it('takes the weights of the tasks where their list has them', () => {
  const [first, ...rest] = run.stages;
  if (first === undefined) throw new Error('no stage');
  const weights = first.commits.map(({ commit }, index): [string, number] => [commit.task, index * 10]);
  const listed = eventsOf([{ ...run, stages: [{ ...first, weights }, ...rest] }]).find(
    ({ event }) => event === 'listed',
  );
  expect(listed).toMatchObject({ basis: 'measured', weights });
});

it('gives the weight of void tasks to those in their place', () => {
  const [first, ...rest] = run.stages;
  if (first === undefined) throw new Error('no stage');
  const ids = { job: 'traced', run: '0001', stage: first.stage, reason: 'a cut', at: run.plan.openedAt };
  const amendments: Amendment[] = [
    {
      ...ids,
      void: ['000001', '000002'],
      tasks: [{ task: '000001.000' }, { task: '000002.000' }, { task: '000001.001' }],
    },
    { ...ids, void: ['000001.000'], tasks: [{ task: '000001.000.000' }] },
  ];
  const amended = eventsOf([{ ...run, stages: [{ ...first, amendments }, ...rest] }]).filter(
    ({ event }) => event === 'amended',
  );
  const sums = amended.map((event) => (event.event === 'amended' ? event.weights : []));
  expect(sums[0]?.map(([task]) => task)).toEqual(['000001.000', '000001.001', '000002.000']);
  expect(sums[0]?.reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(2e9);
  expect(sums[1]).toEqual([['000001.000.000', sums[0]?.[0]?.[1]]]);
});

it('keeps which run wrote a block that a later run adopted, and dates it no earlier than that run', () => {
  const plan: Plan = {
    ...run.plan,
    run: '0002',
    openedAt: '2026-11-22T12:00:00.000Z',
    adopted: { run: '0001', sealed: ['00-map'] },
  };
  const second = eventsOf([run, { ...run, plan, outcome: undefined }]).filter(
    (event) => 'run' in event && event.run === '0002',
  );
  expect(second.find(({ event }) => event === 'opened')).toMatchObject({ adoptedFrom: '0001' });
  expect(second.every(({ at }) => at >= plan.openedAt)).toBe(true);
  const commit = second.find(({ event }) => event === 'committed');
  expect(commit).toMatchObject({ run: '0002', blockRun: '0001' });
});

it('ends where the seal is missing: later stages are not listed', () => {
  const [first, ...rest] = run.stages;
  if (first === undefined) throw new Error('no stage');
  const open = eventsOf([{ ...run, stages: [{ ...first, sealed: undefined }, ...rest], outcome: undefined }]);
  expect(new Set(open.map(({ event }) => event))).toEqual(
    new Set(['submitted', 'opened', 'listed', 'committed']),
  );
  expect(open.filter(({ event }) => event === 'committed')).toHaveLength(4);
});

it('leaves out what old commits do not say', () => {
  const [first, ...rest] = run.stages;
  const [listed] = first?.commits ?? [];
  if (first === undefined || listed === undefined) throw new Error('no commit');
  const { worker: _, bytesRead: __, ...old } = listed.commit;
  const stages = [{ ...first, commits: [{ ...listed, commit: old }] }, ...rest];
  const commit = eventsOf([{ ...run, stages }]).find(({ event }) => event === 'committed');
  expect(commit).not.toHaveProperty('worker');
  expect(commit).toMatchObject({ rowsRead: old.counts.read, bytesWritten: old.block.sizeBytes });
});
