import { describe, expect, it } from 'vitest';
import { expectStages, type History, type StagesToExpect } from '../../functions/core/expect-stages.ts';

const job: StagesToExpect = {
  kinds: ['map'],
  mapTasks: 1,
  inputFormat: 'csv',
  inputBytes: 1_200_000_000,
  history: [],
};
type Stage = History[number]['stages'][number];
const stage = (facts: Partial<Stage>): Stage => ({
  kind: 'map',
  tasks: 1,
  seconds: 0,
  inputBytes: 0,
  rows: 1,
  ...facts,
});
const whole = (inputBytes: number, seconds: number): History[number] => ({
  stages: [stage({ inputBytes, seconds })],
});

describe('a job of one stage', () => {
  it('is expected at the median rate of finished jobs of the shape, beside the fixed part', () => {
    const history = [whole(1e9, 10.2), whole(1e9, 1.2), whole(2e9, 4.2)];
    expect(expectStages({ ...job, history })).toEqual([
      {
        seconds: expect.closeTo(0.2 + 1.2 * 2, 6),
        basis: 'history',
        because: 'the median of 3 finished jobs of this shape',
      },
    ]);
  });

  it('is expected at the mean of the two in the middle where the finished jobs are even in number', () => {
    const history = [whole(1e9, 1.2), whole(1e9, 3.2)];
    expect(expectStages({ ...job, history })[0]?.seconds).toBeCloseTo(0.2 + 2 * 1.2);
  });

  it('is expected to take the fixed part at least, whatever small or empty jobs took', () => {
    expect(expectStages({ ...job, history: [whole(0, 0.1)] })[0]).toMatchObject({
      seconds: 0.2,
      because: 'the median of one finished job of this shape',
    });
  });

  it.each([
    ['csv', 120],
    ['jsonl', 60],
    ['parquet', 80],
    ['text', 150],
    ['tsv', 60],
  ])('of %s is assumed at %i MB/s where none has finished, and says so', (inputFormat, megabytes) => {
    const [expected] = expectStages({ ...job, inputFormat });
    expect(expected?.seconds).toBeCloseTo(0.2 + 1200 / megabytes);
    expect(expected).toMatchObject({ basis: 'assumed' });
    expect(expected?.because).toContain(`assumed ${megabytes} MB/s of ${inputFormat}`);
  });
});

describe('a job of several stages', () => {
  it('assumes a speed of SQL alone where a stage has a model', () => {
    const [map, ...others] = expectStages({ ...job, kinds: ['map', 'infer', 'reduce'] });
    expect(map?.because).toContain('of csv for all stages without a model:');
    expect(others).toEqual([undefined, undefined]);
  });

  const wide: StagesToExpect = { ...job, kinds: ['map', 'reduce'], mapTasks: 8 };
  const finished = (tasks: number, seconds: readonly [number, number]): History[number] => ({
    stages: [
      stage({ tasks, seconds: seconds[0], inputBytes: 600e6 }),
      stage({ kind: 'reduce', tasks: 4, seconds: seconds[1], inputBytes: 60e6 }),
    ],
  });

  it('has a history for each stage, of what it took and of what it read', () => {
    const [map, reduce] = expectStages({ ...wide, history: [finished(8, [4.2, 1])] });
    expect(map?.seconds).toBeCloseTo(0.2 + 8);
    expect(map).not.toHaveProperty('inputBytes');
    expect(reduce).toMatchObject({ seconds: expect.closeTo(2, 6), inputBytes: 120e6, basis: 'history' });
  });

  it('learns from jobs that were cut alike, from others only where there are none', () => {
    const [coarse, fine] = [finished(2, [100, 100]), finished(8, [4.2, 1])];
    expect(expectStages({ ...wide, history: [coarse, fine, coarse] })[1]?.seconds).toBeCloseTo(2);
    expect(expectStages({ ...wide, history: [coarse] })[1]?.seconds).toBeCloseTo(200);
  });

  it('learns nothing from jobs with other stages, and expects nothing of a stage that none has run', () => {
    const [map, reduce] = expectStages({ ...wide, history: [whole(600e6, 4)] });
    expect(map?.because).toMatch(/^assumed 120 MB\/s of csv for all stages together/);
    expect(reduce).toBeUndefined();
  });
});
