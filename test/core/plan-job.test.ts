import { describe, expect, it } from 'vitest';
import type { PlannedStep } from '../../functions/contract/planned-steps.ts';
import { planStages } from '../../functions/core/plan-job.ts';

const column = { name: 'a', type: 'BIGINT' };
const distinct: PlannedStep = { kind: 'distinct', step: 0, columns: [{ name: 'b', type: 'DATE' }] };
const job = {
  steps: [distinct],
  inputColumns: [column],
  inputFormat: 'csv',
  inputBytes: 1_200_000_000,
  outputFormat: 'parquet',
  history: [],
} as const;

describe('planStages', () => {
  it('runs steps that are all SQL as one task of one stage, which writes the final format', () => {
    const stages = planStages(job);
    expect(stages).toMatchObject([
      { kind: 'map', tasks: 1, steps: [distinct], columns: distinct.columns, format: 'parquet' },
    ]);
    expect(stages[0]?.inputBytes).toBe(job.inputBytes);
  });

  it('writes the columns of the input where there are no steps', () => {
    expect(planStages({ ...job, steps: [] })[0]?.columns).toEqual([column]);
  });

  it('expects the median rate of finished jobs of the shape, beside the fixed part', () => {
    const history = [
      { inputBytes: 1e9, seconds: 10.2 },
      { inputBytes: 1e9, seconds: 1.2 },
      { inputBytes: 2e9, seconds: 4.2 },
    ];
    expect(planStages({ ...job, history })[0]?.expected).toEqual({
      seconds: expect.closeTo(0.2 + 2 * 1.2, 6),
      basis: 'history',
      because: 'the median of 3 finished jobs of this shape',
    });
  });

  it('expects the mean of the two in the middle where the finished jobs are even in number', () => {
    const history = [
      { inputBytes: 1e9, seconds: 1.2 },
      { inputBytes: 1e9, seconds: 3.2 },
    ];
    expect(planStages({ ...job, history })[0]?.expected.seconds).toBeCloseTo(0.2 + 2 * 1.2);
  });

  it('expects no less than the fixed part, whatever small or empty jobs took', () => {
    const history = [{ inputBytes: 0, seconds: 0.1 }];
    const [stage] = planStages({ ...job, history });
    expect(stage?.expected).toMatchObject({
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
  ])('assumes a speed of %s of %i MB/s where no job has finished, and says so', (inputFormat, megabytes) => {
    const expected = planStages({ ...job, inputFormat })[0]?.expected;
    expect(expected?.seconds).toBeCloseTo(0.2 + 1200 / megabytes);
    expect(expected).toMatchObject({ basis: 'assumed' });
    expect(expected?.because).toContain(`assumed ${megabytes} MB/s of ${inputFormat}`);
  });
});
