import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InferEstimate } from '../../functions/contract/planned-infer.ts';
import {
  aimTokens,
  cutWaitingSpan,
  MOST_REPLACEMENTS,
  planInferSpans,
} from '../../functions/core/plan-infer-tasks.ts';
import { learnFromPilot, type PieceLoad, tokensOf } from '../../functions/core/weigh-pieces.ts';
import { announceSeed } from '../oracle/grammar.ts';

const rates = { promptTokensPerCharacter: 0.25, outputTokensPerRow: 16 };
const unknown: InferEstimate = { ...rates, basis: 'assumed', because: 'nobody has run it' };
const known: InferEstimate = { ...unknown, tokensPerSecond: 500 };

const loadsArbitrary = fc.array(
  fc.record({ rows: fc.integer({ min: 1, max: 64 }), characters: fc.integer({ min: 1, max: 60_000 }) }),
  { maxLength: 2500 },
);

const covers = (
  spans: readonly { readonly first: number; readonly end: number }[],
  loads: readonly PieceLoad[],
) => {
  let next = 0;
  for (const { first, end } of spans) {
    expect(first).toBe(next);
    expect(end).toBeGreaterThan(first);
    next = end;
  }
  expect(next).toBe(loads.length);
};

describe('planInferSpans', () => {
  it('cuts tasks of a minute where the speed is known, and none waits', () => {
    fc.assert(
      fc.property(loadsArbitrary, (loads) => {
        const spans = planInferSpans(loads, known);
        covers(spans, loads);
        for (const { weight, first, end, waits } of spans) {
          expect(waits).toBeUndefined();
          expect(weight <= 30_000 || end - first === 1).toBe(true);
        }
      }),
      announceSeed('tasks of a minute', 30),
    );
  });

  it('begins with a small pilot where it is not, and lets the others wait, each cut in any way by one amendment', () => {
    fc.assert(
      fc.property(loadsArbitrary, fc.integer({ min: 1, max: 100_000 }), (loads, tokensPerSecond) => {
        const spans = planInferSpans(loads, unknown);
        covers(spans, loads);
        const [pilot, ...waiting] = spans;
        expect(pilot?.waits).toBeUndefined();
        expect((pilot?.end ?? 0) - (pilot?.first ?? 0)).toBeLessThanOrEqual(4);
        for (const span of waiting) {
          expect(span.waits).toBe(true);
          const cut = cutWaitingSpan(loads, span, { ...rates, tokensPerSecond, allTokens: 0 });
          expect(cut.length).toBeLessThanOrEqual(MOST_REPLACEMENTS);
          expect(cut[0]?.first).toBe(span.first);
          expect(cut.at(-1)?.end).toBe(span.end);
        }
      }),
      announceSeed('a pilot and what waits', 30),
    );
  });

  it('needs no second task for what a pilot takes, and none for no rows', () => {
    expect(planInferSpans([{ rows: 3, characters: 100 }], unknown)).toEqual([
      { first: 0, end: 1, weight: 73 },
    ]);
    expect(planInferSpans([], unknown)).toEqual([]);
    expect(planInferSpans([], known)).toEqual([]);
  });

  it('makes longer tasks rather than more than a stage may have', () => {
    const loads = Array.from({ length: 1_600_000 }, () => ({ rows: 64, characters: 10 }));
    const slow = { ...known, tokensPerSecond: 0.001 };
    expect(planInferSpans(loads, slow).length).toBeLessThanOrEqual(200_000);
  });
});

describe('aimTokens', () => {
  it('is a minute of the speed', () => {
    expect(aimTokens(250, 1000)).toBe(15_000);
  });
});

describe('learnFromPilot', () => {
  const figures = { rows: 10, promptTokens: 500, outputTokens: 120, seconds: 2, engine: 'x', machine: 'm' };

  it('takes speed and lengths from what was counted', () => {
    expect(learnFromPilot({ rows: 10, characters: 2000 }, figures, rates)).toEqual({
      promptTokensPerCharacter: 0.25,
      outputTokensPerRow: 12,
      tokensPerSecond: 310,
    });
  });

  it('leaves out the characters of rejects, which have no tokens', () => {
    const load = { rows: 11, characters: 152_000 };
    expect(learnFromPilot(load, { ...figures, characters: 2000 }, rates)?.promptTokensPerCharacter).toBe(
      0.25,
    );
  });

  it('measures in the tokens that were assumed where the engine counts none', () => {
    const silent = { ...figures, promptTokens: 0, outputTokens: 0 };
    const load = { rows: 10, characters: 2000 };
    expect(learnFromPilot(load, silent, rates)).toEqual({
      ...rates,
      tokensPerSecond: tokensOf(load, rates) / 2,
    });
  });

  it('learns nothing of a pilot that answered no row, and is finite where no time passed', () => {
    expect(learnFromPilot({ rows: 1, characters: 1 }, { ...figures, rows: 0 }, rates)).toBeUndefined();
    expect(
      learnFromPilot({ rows: 10, characters: 2000 }, { ...figures, seconds: 0 }, rates)?.tokensPerSecond,
    ).toBe(620_000);
  });
});
