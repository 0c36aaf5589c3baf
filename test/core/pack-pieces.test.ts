import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packPieces } from '../../functions/core/pack-pieces.ts';

const weightsArbitrary = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 300 });

describe('packPieces', () => {
  it('puts every piece in exactly one span, in order, with its weight', () => {
    fc.assert(
      fc.property(weightsArbitrary, fc.integer({ min: 1, max: 3000 }), (weights, aim) => {
        let next = 0;
        for (const { first, end, weight } of packPieces(weights, aim)) {
          expect(first).toBe(next);
          expect(end).toBeGreaterThan(first);
          expect(weight).toBe(weights.slice(first, end).reduce((sum, own) => sum + own, 0));
          next = end;
        }
        expect(next).toBe(weights.length);
      }),
    );
  });

  it('lets no span pass the aim unless one piece does', () => {
    fc.assert(
      fc.property(weightsArbitrary, fc.integer({ min: 1, max: 3000 }), (weights, aim) => {
        for (const { first, end, weight } of packPieces(weights, aim))
          expect(weight <= aim || end - first === 1).toBe(true);
      }),
    );
  });

  it('leaves no two neighbours that the aim has room for together', () => {
    fc.assert(
      fc.property(weightsArbitrary, fc.integer({ min: 1, max: 3000 }), (weights, aim) => {
        const spans = packPieces(weights, aim);
        for (const [index, { weight }] of spans.entries()) {
          const next = spans[index + 1];
          if (next !== undefined) expect(weight + (weights[next.first] ?? 0)).toBeGreaterThan(aim);
        }
      }),
    );
  });

  it('gives no span where there is no piece', () => {
    expect(packPieces([], 10)).toEqual([]);
  });
});
