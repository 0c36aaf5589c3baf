import { expect, it } from 'vitest';
import { judgeSlowTasks } from '../../../cli/report-page/judge-slow-tasks.ts';
import type { TaskFacts } from '../../../cli/report-page/report-page.ts';

const task = (facts: Partial<TaskFacts>): TaskFacts => ({
  stage: 0,
  task: '000000',
  worker: 'w1',
  startMs: 100,
  endMs: 1100,
  bytesRead: 100,
  bytesWritten: 10,
  rowsRead: 50,
  rowsWritten: 5,
  rejected: 0,
  isVoid: false,
  ...facts,
});
const alike = Array.from({ length: 8 }, (_, index) =>
  task({ task: `00000${index}`, startMs: index * 2000, endMs: index * 2000 + 1000 }),
);
const slow = { task: '000099', startMs: 50_000, endMs: 54_000 };

it.each([
  ['its bytes', { bytesRead: 400 }, 'it read 4.0x the bytes'],
  ['its rows', { rowsRead: 190 }, 'it read 3.8x the rows'],
  ['what it wrote', { bytesWritten: 50 }, 'it wrote 5.0x the bytes'],
  ['its worker, where it was its first', { worker: 'w2' }, 'the first task of its worker'],
  ['in part its bytes', { bytesRead: 200 }, '2.0x the data explains a part'],
  ['nothing that was counted', {}, 'no more data than its like'],
])('explains a slow task by %s', (_, facts, why) => {
  const [first] = judgeSlowTasks([...alike, task({ ...slow, ...facts })], ['00-map']);
  expect(first).toMatchObject({ task: '000099', seconds: 4, ratio: 4 });
  expect(first?.why).toContain(why);
});

it('ranks by the time over the median of the stage, not by the time alone', () => {
  const long = Array.from({ length: 4 }, (_, index) =>
    task({ stage: 1, task: `10000${index}`, startMs: 0, endMs: 60_000 }),
  );
  const [first] = judgeSlowTasks([...long, ...alike, task(slow)], ['00-map', '01-reduce']);
  expect(first?.task).toBe('000099');
});

it('lists a few where none is slow, and says so', () => {
  const listed = judgeSlowTasks(alike, ['00-map']);
  expect(listed).toHaveLength(3);
  for (const { why } of listed) expect(why).toBe('about as long as its like');
});

it('gives no reason to the only task of a stage, and none to void ones', () => {
  expect(judgeSlowTasks([task({})], ['00-map'])[0]?.why).toBe('the only task of its stage');
  expect(judgeSlowTasks([task({ isVoid: true })], ['00-map'])).toEqual([]);
});

it('knows ratios where the median is nothing', () => {
  const none = alike.map((each) => ({ ...each, bytesRead: 0 }));
  expect(judgeSlowTasks(none, ['00-map'])[0]?.bytesRatio).toBe(1);
});
