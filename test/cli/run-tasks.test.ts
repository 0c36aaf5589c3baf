import { describe, expect, it } from 'vitest';
import { doneShare, findOutgrown } from '../../cli/run-tasks.ts';
import type { Commit } from '../../functions/contract/commit.ts';
import { QueryError, TaskMemoryError } from '../../functions/contract/errors-query.ts';
import { WorkerTaskError } from '../../functions/contract/errors-worker.ts';
import type { Task } from '../../functions/contract/task.ts';
import type { StageStanding } from '../../functions/stages/read-stage.ts';

const task = (id: string, weightBytes: number): Task => ({ kind: 'input', task: id, weightBytes });
const standing = (done: readonly string[], missing: readonly string[]): StageStanding => ({
  tasks: [task('000000', 300), task('000001', 99), task('000002', 599)],
  amendments: 1,
  done: done.map((id) => ({ task: id }) as Commit),
  missing,
  waiting: [],
});

describe('doneShare', () => {
  it('weighs tasks by what they read, so that what was done before does not begin anew', () => {
    expect(doneShare(standing(['000000', '000001'], ['000002']))).toBeCloseTo(401 / 1001);
    expect(doneShare(standing([], ['000000', '000001', '000002']))).toBe(0);
    expect(doneShare(standing(['000000', '000001', '000002'], []))).toBe(1);
  });
});

describe('findOutgrown', () => {
  const left = standing(['000000'], ['000001', '000002']);
  const facts = { task: '00-map 000002', attempts: 3, message: 'full' };

  it('names the task that had all the memory and needs more, in a worker or here', () => {
    const there = new WorkerTaskError({ ...facts, name: 'TaskMemoryError', taskId: '000002' });
    expect(findOutgrown(there, left)).toEqual({ task: left.tasks[2], failure: there });
    const here = new TaskMemoryError({ task: '00-map 000001', memoryBytes: 1, message: 'full' });
    expect(findOutgrown(here, standing(['000000', '000002'], ['000001']))?.task).toEqual(left.tasks[1]);
  });

  it('finds none where several shared the memory of this process', () => {
    const here = new TaskMemoryError({ task: '01-infer', memoryBytes: 1, message: 'full' });
    expect(findOutgrown(here, left)).toBeUndefined();
  });

  it('finds none where anything else failed', () => {
    expect(findOutgrown(new QueryError({ task: 'map 0', message: 'no' }), left)).toBeUndefined();
    expect(findOutgrown(new Error('a mistake of ours'), left)).toBeUndefined();
    const other = new WorkerTaskError({ ...facts, name: 'WorkerDiedError', taskId: '000002' });
    expect(findOutgrown(other, left)).toBeUndefined();
  });
});
