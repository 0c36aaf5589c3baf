import { expect, it } from 'vitest';
import type { InferFigures } from '../../functions/contract/planned-infer.ts';
import { stageSeconds } from '../../functions/core/stage-seconds.ts';
import { sumInfer } from '../../functions/core/sum-infer.ts';

const startedAt = '2026-01-01T00:00:00.000Z';
const figuresOf = (
  given: Partial<InferFigures> = {},
): { readonly startedAt: string; readonly infer: InferFigures } => ({
  startedAt,
  infer: {
    rows: 2,
    promptTokens: 10,
    outputTokens: 5,
    seconds: 1,
    engine: 'vendor',
    machine: 'vendor',
    ...given,
  },
});

it('adds up what the tasks of a stage asked of their model', () => {
  expect(sumInfer([figuresOf(), figuresOf({ rows: 3, promptTokens: 1 })])).toEqual({
    rows: 5,
    promptTokens: 11,
    outputTokens: 10,
    engine: 'vendor',
  });
});

it('has none of a stage without a model', () => {
  expect(sumInfer([{ startedAt }, { startedAt }])).toBeUndefined();
  expect(sumInfer([])).toBeUndefined();
});

it('knows a cost where every task knows its own', () => {
  expect(sumInfer([figuresOf({ costUsd: 1 }), figuresOf({ costUsd: 0.5 })])).toMatchObject({ costUsd: 1.5 });
  expect(sumInfer([figuresOf({ costUsd: 1 }), figuresOf()])).not.toHaveProperty('costUsd');
});

it('has the start before the first task, as the seconds of the stage have', () => {
  const later = {
    ...figuresOf({ startSeconds: 60 }),
    startedAt: '2026-01-01T00:01:20.000Z',
    endedAt: '2026-01-01T00:01:30.000Z',
  };
  const first = { ...figuresOf({ startSeconds: 20 }), endedAt: '2026-01-01T00:00:10.000Z' };
  expect(sumInfer([later, first])?.startSeconds).toBe(20);
  expect(stageSeconds([later, first])).toBe(90 + 20);
});

it('names each engine once', () => {
  const all = [figuresOf({ engine: 'b' }), figuresOf({ engine: 'a' }), figuresOf({ engine: 'b' })];
  expect(sumInfer(all)?.engine).toBe('a, b');
});
