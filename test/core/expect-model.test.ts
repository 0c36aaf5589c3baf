import { describe, expect, it } from 'vitest';
import type { PlannedStage } from '../../functions/contract/plan.ts';
import { expectModel, type ModelLoad } from '../../functions/core/expect-model.ts';

const stage: PlannedStage = {
  kind: 'infer',
  tasks: 1,
  steps: [],
  columns: [],
  format: 'arrow',
  expected: { seconds: 3, basis: 'history', because: 'another machine' },
};
const load: ModelLoad = {
  rows: 100,
  tokens: { each: 40 },
  estimate: {
    promptTokensPerCharacter: 0.25,
    outputTokensPerRow: 10,
    tokensPerSecond: 500,
    basis: 'history',
    because: 'the median',
  },
};

describe('expectModel', () => {
  it('takes the time from tokens and speed', () => {
    expect(expectModel(stage, load).expected).toEqual({
      seconds: 10,
      basis: 'history',
      because: 'the median',
    });
  });

  it('expects nothing of a model whose speed here nobody knows', () => {
    const { tokensPerSecond: _, ...estimate } = load.estimate;
    expect(expectModel(stage, { ...load, estimate })).not.toHaveProperty('expected');
  });

  it('goes by jobs of the same shape where the speed is known and the rows are not', () => {
    expect(expectModel(stage, { ...load, rows: undefined })).toBe(stage);
    expect(expectModel(stage, undefined)).toBe(stage);
  });
});
