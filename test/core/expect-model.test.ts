import { describe, expect, it } from 'vitest';
import type { PlannedStage } from '../../functions/contract/plan.ts';
import {
  costOfModel,
  expectModel,
  type ModelLoad,
  tokensOfModel,
} from '../../functions/core/expect-model.ts';

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
      because: 'the median; without the start of the engine, which no job has measured yet',
    });
  });

  it('adds the start of the engine, however the rest is known', () => {
    const estimate = { ...load.estimate, startSeconds: 118 };
    expect(expectModel(stage, { ...load, estimate }).expected).toMatchObject({
      seconds: 128,
      because: 'the median; 1m 58s of it for the start of the engine, as before',
    });
    expect(expectModel(stage, { ...load, estimate, rows: undefined }).expected?.seconds).toBe(121);
  });

  it('waits for no start of an endpoint', () => {
    const opening = {
      kind: 'infer',
      engine: { kind: 'endpoint', name: 'vendor' },
    } as PlannedStage['opening'];
    expect(expectModel({ ...stage, opening }, load).expected).toMatchObject({
      seconds: 10,
      because: 'the median',
    });
  });

  it('expects nothing of a model whose speed here nobody knows', () => {
    const { tokensPerSecond: _, ...estimate } = load.estimate;
    expect(expectModel(stage, { ...load, estimate })).not.toHaveProperty('expected');
  });

  it('goes by jobs of the same shape where the speed is known and the rows are not', () => {
    expect(expectModel(stage, { ...load, rows: undefined }).expected).toMatchObject({
      seconds: 3,
      because: expect.stringMatching(/^another machine; without the start of the engine/),
    });
    expect(expectModel(stage, undefined)).toBe(stage);
  });
});

describe('costOfModel', () => {
  it('is that of all tokens, in and out', () => {
    expect(tokensOfModel(load)).toEqual({ promptTokens: 4_000, outputTokens: 1_000 });
    expect(costOfModel(load, { inUsd: 1, outUsd: 10 })).toBeCloseTo(0.014);
  });

  it('leaves out the share of rows that are rejects before a model has seen them', () => {
    const sample = { rows: 20, bad: [{ rows: 1 }, { rows: 4 }] };
    expect(tokensOfModel({ ...load, sample })).toEqual({ promptTokens: 3_000, outputTokens: 750 });
    expect(tokensOfModel({ ...load, sample: { rows: 0, bad: [] } })).toEqual(tokensOfModel(load));
  });

  it('is not known where the tokens are not', () => {
    expect(costOfModel({ ...load, tokens: undefined }, { inUsd: 1, outUsd: 10 })).toBeUndefined();
  });
});
