import { describe, expect, it } from 'vitest';
import { explainFailure } from '../../functions/stages/explain-failure.ts';
import type { StageContext } from '../../functions/stages/stage-context.ts';
import type { TaskQuery } from '../../functions/stages/task-work.ts';

const explain = (error: unknown): Promise<unknown> =>
  explainFailure(
    { signal: new AbortController().signal } as StageContext,
    // What a task reads that has no input files of its own.
    {
      work: { ids: { stage: '01-reduce', task: '000001' }, task: { kind: 'partitions' } },
      source: { failure: () => undefined },
      folders: { spill: '/tmp' },
    } as TaskQuery,
    error,
  );

describe('explainFailure', () => {
  it('lets no value leave the task in what the engine says that no row of the table explains', async () => {
    const engine = new Error('INTERNAL Error: Attempted to dereference "SECRET-CELL-VALUE"');
    const explained = (await explain(engine)) as Error;
    expect(`${explained.message}${explained.stack}`).not.toContain('SECRET-CELL-VALUE');
    expect(explained.message).toMatch(/^INTERNAL Error: Attempted to dereference/);
    expect(explained.cause).toBe(engine);
  });

  it('leaves a mistake of ours as it is', async () => {
    const ours = new TypeError('x is not a function');
    expect(await explain(ours)).toBe(ours);
  });
});
