import { describe, expect, it } from 'vitest';
import type { PlannedStep } from '../../functions/contract/planned-steps.ts';
import { cutStages } from '../../functions/core/cut-stages.ts';
import { chooseMapTasks, choosePartitions, planStages } from '../../functions/core/plan-job.ts';

const column = { name: 'a', type: 'BIGINT' };
const distinct: PlannedStep = { kind: 'distinct', step: 0, columns: [{ name: 'b', type: 'DATE' }] };
const job: Parameters<typeof planStages>[0] = {
  cuts: [{ steps: [distinct] }],
  inputColumns: ['a'],
  columns: distinct.columns,
  mapTasks: 1,
  reduceTasks: 1,
  inputFormat: 'csv',
  inputBytes: 1_200_000_000,
  outputFormat: 'parquet',
  history: [],
};

describe('chooseMapTasks', () => {
  const given = { steps: [distinct], hasModules: false, memoryBytes: 512e6 };

  it('gives SQL one task, be the input larger than memory', () => {
    expect(chooseMapTasks({ ...given, inputBytes: 4 * 512e6 })).toBe(1);
    expect(chooseMapTasks({ ...given, steps: [], inputBytes: 1e12 })).toBe(1);
    expect(chooseMapTasks({ ...given, inputBytes: 0 })).toBe(1);
  });

  it('gives a step that gathers rows a task for each memory in an input that is many times larger', () => {
    expect(chooseMapTasks({ ...given, inputBytes: 4e9 })).toBe(8);
    expect(chooseMapTasks({ ...given, inputBytes: 1e14 })).toBe(1000);
  });

  it('gives functions of users small pieces', () => {
    expect(chooseMapTasks({ ...given, hasModules: true, inputBytes: 320e6 })).toBe(10);
    expect(chooseMapTasks({ ...given, hasModules: true, inputBytes: 1 })).toBe(1);
    expect(chooseMapTasks({ ...given, hasModules: true, inputBytes: 100e9 })).toBe(196);
  });
});

describe('planStages', () => {
  it('runs steps that are all SQL as one task of one stage, which writes the final format', () => {
    const stages = planStages(job);
    expect(stages).toMatchObject([
      { kind: 'map', tasks: 1, steps: [distinct], columns: distinct.columns, format: 'parquet' },
    ]);
    expect(stages[0]?.inputBytes).toBe(job.inputBytes);
  });

  it('gives a shuffle a stage behind it, of as many tasks as there are partitions at most', () => {
    const shuffle = { step: distinct, columns: [...distinct.columns], by: ['b'], partitions: 6 };
    const cuts = [
      { steps: [], shuffle },
      { opening: distinct, steps: [] },
    ];
    const stages = planStages({ ...job, cuts, mapTasks: 3, reduceTasks: 8 });
    expect(stages).toMatchObject([
      { kind: 'map', tasks: 3, format: 'arrow', inputColumns: ['a'] },
      { kind: 'reduce', tasks: 6, format: 'parquet', opening: distinct },
    ]);
    expect(stages[1]).not.toHaveProperty('inputColumns');
  });

  it('names the columns that each stage writes: its states, then the result', () => {
    const states = [{ name: 'state', type: 'BLOB' }];
    const shuffle = { step: distinct, columns: states, by: ['b'], partitions: 6 };
    const cuts = [
      { steps: [], shuffle },
      { opening: distinct, steps: [] },
    ];
    expect(planStages({ ...job, cuts }).map(({ columns }) => columns)).toEqual([states, job.columns]);
  });

  it('gives rows that are dealt out a task for each partition', () => {
    const step: PlannedStep = { kind: 'repartition', step: 0, columns: [column], by: [], partitions: 5 };
    const shuffle = { step, columns: [column], by: [], partitions: 5 };
    const cuts = [
      { steps: [], shuffle },
      { opening: step, steps: [] },
    ];
    expect(planStages({ ...job, cuts, reduceTasks: 2 })[1]?.tasks).toBe(5);
  });
});

describe('cutStages', () => {
  const filter: PlannedStep = {
    kind: 'filter',
    step: 1,
    columns: [column],
    predicate: 'a > 1',
    uses: ['a'],
    isPrunable: true,
  };

  it('leaves steps that move no rows in one stage', () => {
    expect(cutStages([filter, filter])).toEqual([
      { opening: undefined, steps: [filter, filter], moving: undefined },
    ]);
  });

  it('ends a stage with the first half of a moving step, and opens the next with its second half', () => {
    expect(cutStages([filter, distinct, filter])).toEqual([
      { opening: undefined, steps: [filter], moving: distinct },
      { opening: distinct, steps: [filter], moving: undefined },
    ]);
  });
});

describe('choosePartitions', () => {
  it('gives each later task some to pack, and bounds the cells of the index', () => {
    expect(choosePartitions(8, 8)).toBe(32);
    expect(choosePartitions(10_000, 4_000)).toBe(400);
    expect(choosePartitions(1, 1)).toBe(4);
  });
});
