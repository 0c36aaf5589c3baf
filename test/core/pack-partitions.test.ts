import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packByKeys, packPartitions } from '../../functions/core/pack-partitions.ts';

describe('packPartitions', () => {
  it('covers each partition once, in order, in at most as many packs as there are tasks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (sizes, tasks) => {
          const packs = packPartitions(sizes, tasks);
          expect(packs.length).toBeGreaterThan(0);
          expect(packs.length).toBeLessThanOrEqual(tasks);
          let next = 0;
          for (const { first, end, sizeBytes } of packs) {
            expect(first).toBe(next);
            expect(end).toBeGreaterThan(first);
            expect(sizeBytes).toBe(sizes.slice(first, end).reduce((sum, size) => sum + size, 0));
            next = end;
          }
          expect(next).toBe(sizes.length);
        },
      ),
    );
  });

  it('packs no more than the even share and the largest partition together', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (sizes, tasks) => {
          const total = sizes.reduce((sum, size) => sum + size, 0);
          const largest = Math.max(...sizes);
          for (const { sizeBytes } of packPartitions(sizes, tasks)) {
            expect(sizeBytes).toBeLessThanOrEqual(total / tasks + largest * 1.5);
          }
        },
      ),
    );
  });

  it('gives one task to partitions that are all empty', () => {
    expect(packPartitions([0, 0, 0], 4)).toEqual([{ first: 0, end: 3, sizeBytes: 0 }]);
  });
});

describe('packByKeys', () => {
  const sizesArbitrary = fc.array(fc.oneof(fc.nat(1000), fc.integer({ min: 50_000, max: 90_000 })), {
    minLength: 1,
    maxLength: 60,
  });

  it('covers each partition once, in order, a large one by all shares of its keys', () => {
    fc.assert(
      fc.property(sizesArbitrary, fc.integer({ min: 1, max: 20 }), (sizes, tasks) => {
        let next = 0;
        let shares = 0;
        for (const { first, end, share } of packByKeys(sizes, tasks)) {
          expect(first).toBe(next);
          if (share === undefined) {
            next = end;
            continue;
          }
          expect(share.index).toBe(shares);
          expect(end).toBe(first + 1);
          shares += 1;
          if (shares < share.of) continue;
          shares = 0;
          next = end;
        }
        expect([next, shares]).toEqual([sizes.length, 0]);
      }),
    );
  });

  it('splits a partition far larger than the even share, and no other', () => {
    expect(
      packByKeys([10, 1, 1, 100, 1, 1], 4).map(({ first, end, share }) => [first, end, share?.of]),
    ).toEqual([
      [0, 3, undefined],
      [3, 4, 4],
      [3, 4, 4],
      [3, 4, 4],
      [3, 4, 4],
      [4, 6, undefined],
    ]);
  });
});
