import fc from 'fast-check';
import { expect, it } from 'vitest';
import { prepareTimeline } from '../../../cli/report-page/prepare-timeline.ts';
import type { RunTrace } from '../../../cli/report-page/read-tasks.ts';
import type { TaskFacts } from '../../../cli/report-page/report-page.ts';

const ORIGIN = '2026-11-22T00:00:00.000Z';
const at = (seconds: number): string => new Date(Date.parse(ORIGIN) + seconds * 1000).toISOString();

const task = (facts: Partial<TaskFacts>): TaskFacts => ({
  stage: 0,
  task: '000000',
  worker: undefined,
  startMs: 0,
  endMs: 1000,
  bytesRead: 100,
  bytesWritten: 10,
  rowsRead: 50,
  rowsWritten: 5,
  rejected: 0,
  isVoid: false,
  ...facts,
});

const formats = { engine: 'e', block: 'b', partitioner: 'p' };
const trace: RunTrace = {
  submitted: { event: 'submitted', at: ORIGIN, version: 1, job: 'j', name: 'n' },
  opened: {
    event: 'opened',
    at: at(1),
    run: '0001',
    digest: '0'.repeat(64),
    formats,
    stages: [{ stage: '00-map', kind: 'map', tasks: 2, inputBytes: 9, expectedSeconds: 1 }],
  },
  listed: [],
  amended: [],
  committed: [],
  sealed: [
    {
      event: 'sealed',
      at: at(6),
      run: '0001',
      stage: '00-map',
      blockRun: '0001',
      tasks: 2,
      missing: 0,
      rows: 1,
      sizeBytes: 1,
    },
  ],
  ended: { event: 'ended', at: at(6.1), run: '0001', outcome: 'published' },
};
const times = { originAt: ORIGIN, finishedAt: at(7) };

it('gives each worker a row, in the order in which people count', () => {
  const tasks = ['worker-10', 'worker-2', 'worker-1', 'worker-2'].map((worker, index) =>
    task({ worker, startMs: index * 10, endMs: index * 10 + 5 }),
  );
  const { lanes, bars } = prepareTimeline(trace, tasks, times);
  expect(lanes).toEqual(['runner', 'worker-1', 'worker-2', 'worker-10']);
  expect(bars.map(([lane]) => lanes[lane])).toEqual(tasks.map(({ worker }) => worker));
});

it('puts tasks that name no worker into rows in which none overlaps, as few as ran at once', () => {
  const spans = fc.array(fc.tuple(fc.nat(100), fc.nat(30)), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(spans, (pairs) => {
      const tasks = pairs
        .map(([startMs, length]) => task({ startMs, endMs: startMs + length + 1 }))
        .sort((left, right) => left.startMs - right.startMs);
      const { bars, lanes } = prepareTimeline(trace, tasks, times);
      for (const [lane, start, , one] of bars) {
        for (const [otherLane, otherStart, otherEnd, other] of bars) {
          if (one === other || lane !== otherLane || otherStart > start) continue;
          expect(otherEnd <= start || (otherStart === start && other > one)).toBe(true);
        }
      }
      const most = Math.max(
        ...tasks.map(
          ({ startMs }) => tasks.filter((other) => other.startMs <= startMs && other.endMs > startMs).length,
        ),
      );
      expect(lanes.length - 1).toBe(most);
    }),
  );
});

it('shows what the runner did alone: plan, seal, publish', () => {
  const { spans, endMs } = prepareTimeline(trace, [task({ endMs: 5000 })], times);
  expect(spans).toEqual([
    { label: 'plan', startMs: 0, endMs: 1000 },
    { label: 'seal 00-map', startMs: 5000, endMs: 6000 },
    { label: 'publish', startMs: 6000, endMs: 7000 },
  ]);
  expect(endMs).toBe(7000);
});

it('shows no publishing of a run that failed, and no seal of another run', () => {
  const [seal] = trace.sealed;
  if (seal === undefined) throw new Error('no seal');
  const failed: RunTrace = {
    ...trace,
    sealed: [{ ...seal, blockRun: '0000' }],
    ended: { event: 'ended', at: at(6), run: '0001', outcome: 'failed' },
  };
  expect(prepareTimeline(failed, [], times).spans.map(({ label }) => label)).toEqual(['plan']);
});
