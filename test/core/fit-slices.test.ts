import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitSlices } from '../../functions/core/fit-slices.ts';
import { planTextRanges } from '../../functions/core/plan-slices.ts';

const slicesOf = (sizes: readonly number[], tasks: number, isSplittable: boolean) =>
  fitSlices({ tasks, totalBytes: sizes.reduce((sum, size) => sum + size, 0) }, (target) =>
    planTextRanges(
      sizes.map((sizeBytes) => ({ sizeBytes, dataOffset: 0, isSplittable })),
      target,
    ),
  );

describe('fitSlices', () => {
  it('cuts one file into just as many slices as are wanted', () => {
    for (const tasks of [1, 2, 3, 7, 8, 50]) expect(slicesOf([10_007], tasks, true)).toHaveLength(tasks);
  });

  it('never gives more slices than are wanted, nor loses a byte', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (sizes, tasks, isSplittable) => {
          const slices = slicesOf(sizes, tasks, isSplittable);
          expect(slices.length).toBeLessThanOrEqual(tasks);
          const bytes = slices.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
          expect(bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
        },
      ),
    );
  });

  it('makes the largest slice of whole files as small as a run of them can be', () => {
    expect(slicesOf([5, 1, 1, 1, 5, 3], 3, false).map(({ sizeBytes }) => sizeBytes)).toEqual([7, 6, 3]);
  });
});
