import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StepFigures } from '../../functions/contract/model-history.ts';
import { InferEstimate } from '../../functions/contract/planned-infer.ts';
import { estimateInfer, type InferQuestion } from '../../functions/core/estimate-infer.ts';
import { announceSeed } from '../oracle/grammar.ts';

const OWN = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

const figures = (more: Partial<StepFigures> = {}): StepFigures => ({
  step: OWN,
  answer: 'text',
  maxTokens: 100,
  rows: 10,
  characters: 1_000,
  promptTokens: 250,
  outputTokens: 120,
  seconds: 3.7,
  ...more,
});

const ask = (more: Partial<InferQuestion> = {}): InferEstimate =>
  InferEstimate.parse(
    estimateInfer({
      step: { answer: { kind: 'text' }, sampling: { max_tokens: 100 } },
      digest: OWN,
      counted: { tokens: 30, characters: 100 },
      history: [],
      ...more,
    }),
  );

describe('estimateInfer', () => {
  it('assumes no speed: without a finished job a pilot measures it', () => {
    const estimate = ask();
    expect(estimate.tokensPerSecond).toBeUndefined();
    expect(estimate).toMatchObject({
      basis: 'assumed',
      outputTokensPerRow: 50,
      promptTokensPerCharacter: 0.3,
    });
    expect(estimate.because).toMatch(
      /a pilot measures its speed; answers assumed to have half of max_tokens, 50 tokens/,
    );
  });

  it('takes speed and length of answers from finished jobs with the same step', () => {
    const history = [
      figures({ step: OTHER, seconds: 0.1, outputTokens: 990 }),
      figures({ seconds: 1 }),
      figures({ seconds: 2 }),
      figures({ seconds: 37 }),
    ];
    const estimate = ask({ history });
    expect(estimate).toMatchObject({ basis: 'history', outputTokensPerRow: 12, tokensPerSecond: 185 });
    expect(estimate.because).toMatch(
      /185 tokens\/s, the median of 3 finished steps.*12.0 tokens an answer, as before/,
    );
  });

  it('takes another step of the model for the speed, and for lengths only where the answers may be as long', () => {
    const alike = ask({ history: [figures({ step: OTHER })] });
    expect(alike).toMatchObject({ basis: 'history', outputTokensPerRow: 12 });
    expect(alike.tokensPerSecond).toBeCloseTo(100);
    const longer = ask({ history: [figures({ step: OTHER, maxTokens: 4_000 })] });
    expect(longer).toMatchObject({ basis: 'assumed', outputTokensPerRow: 50 });
    expect(longer.tokensPerSecond).toBeCloseTo(100);
  });

  it('counts no tokens of answers that have none', () => {
    const estimate = ask({ step: { answer: { kind: 'embedding', dimensions: 4 } }, history: [figures()] });
    expect(estimate).toMatchObject({ outputTokensPerRow: 0, basis: 'history' });
  });

  it('takes a choice for as long as its longest, and never for longer than max_tokens', () => {
    const choice = ['yes', 'a much longer answer'];
    const step = { answer: { kind: 'choice', choice }, sampling: { max_tokens: 100 } } as const;
    expect(ask({ step }).outputTokensPerRow).toBe(6);
    expect(ask({ step: { ...step, sampling: { max_tokens: 2 } } }).outputTokensPerRow).toBe(2);
  });

  it('takes tokens of prompts from history where nothing was counted, and else assumes them', () => {
    expect(ask({ counted: undefined, history: [figures()] }).promptTokensPerCharacter).toBe(0.25);
    expect(
      ask({ counted: undefined, history: [figures({ promptTokens: 500 })] }).promptTokensPerCharacter,
    ).toBe(0.5);
    expect(ask({ counted: undefined }).promptTokensPerCharacter).toBe(0.25);
  });

  it('says whether tokens of prompts were counted, learned or assumed', () => {
    expect(ask().promptBasis).toBe('counted');
    expect(ask({ counted: undefined, history: [figures()] }).promptBasis).toBe('history');
    expect(ask({ counted: undefined }).promptBasis).toBe('assumed');
    // A job of an earlier version, which does not know whose characters it counted.
    const unknown = figures({ characters: 0 });
    expect(ask({ counted: undefined, history: [unknown] }).promptBasis).toBe('assumed');
  });

  it('learns what the engine takes to start from all jobs with the model, and assumes nothing', () => {
    const history = [118, 48, 73].map((startSeconds) => figures({ step: OTHER, startSeconds }));
    expect(ask({ history: [...history, figures()] }).startSeconds).toBe(73);
    expect(ask({ history: [figures()] })).not.toHaveProperty('startSeconds');
  });

  it('learns no speed from an endpoint that counts no tokens', () => {
    const silent = figures({ promptTokens: 0, outputTokens: 0 });
    expect(ask({ history: [silent] })).toMatchObject({ basis: 'assumed', outputTokensPerRow: 50 });
    expect(ask({ history: [silent] }).tokensPerSecond).toBeUndefined();
  });

  it('gives numbers within those that it was given', () => {
    const figure = fc.record({
      step: fc.constantFrom(OWN, OTHER),
      answer: fc.constantFrom('text', 'json'),
      maxTokens: fc.constantFrom(100, 200),
      rows: fc.integer({ min: 1, max: 1e6 }),
      characters: fc.nat(1e9),
      promptTokens: fc.nat(1e9),
      outputTokens: fc.nat(1e9),
      seconds: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(figure, { maxLength: 30 }), (history) => {
        const { tokensPerSecond, outputTokensPerRow, basis } = ask({ history });
        const speeds = history.map((each) => (each.promptTokens + each.outputTokens) / each.seconds);
        if (tokensPerSecond === undefined) expect(basis).toBe('assumed');
        else {
          expect(tokensPerSecond).toBeGreaterThanOrEqual(Math.min(...speeds));
          expect(tokensPerSecond).toBeLessThanOrEqual(Math.max(...speeds));
        }
        const lengths = history.map((each) => each.outputTokens / each.rows);
        expect(outputTokensPerRow).toBeLessThanOrEqual(Math.max(50, ...lengths) * (1 + 1e-9));
      }),
      announceSeed('estimates of models', 500),
    );
  });
});
