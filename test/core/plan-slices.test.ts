import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRowGroupSlices, planTextRanges } from '../../functions/core/plan-slices.ts';

const file = fc
  .record({
    bytes: fc.integer({ min: 0, max: 5000 }),
    dataOffset: fc.integer({ min: 0, max: 50 }),
    isSplittable: fc.boolean(),
  })
  .map(({ bytes, dataOffset, isSplittable }) => ({
    sizeBytes: dataOffset + bytes,
    dataOffset,
    isSplittable,
  }));

describe('planTextRanges', () => {
  it('covers the rows of each file once, in order', () => {
    fc.assert(
      fc.property(fc.array(file), fc.integer({ min: 1, max: 2000 }), (files, targetBytes) => {
        const ranges = planTextRanges(files, targetBytes).flatMap((slice) => slice.ranges);
        for (const [index, { dataOffset, sizeBytes }] of files.entries()) {
          let next = dataOffset;
          for (const range of ranges.filter((candidate) => candidate.file === index)) {
            expect(range.startOffset).toBe(next);
            if (files[index]?.isSplittable) expect(range.endOffset).toBeGreaterThan(range.startOffset);
            next = range.endOffset;
          }
          expect(next).toBe(sizeBytes);
        }
        expect(ranges.map((range) => range.file)).toEqual(
          ranges.map((range) => range.file).toSorted((a, b) => a - b),
        );
      }),
    );
  });

  it('keeps slices at most 1.5 times the target where all files can be cut', () => {
    fc.assert(
      fc.property(fc.array(file), fc.integer({ min: 1, max: 2000 }), (files, targetBytes) => {
        const slices = planTextRanges(
          files.map((one) => ({ ...one, isSplittable: true })),
          targetBytes,
        );
        for (const slice of slices) expect(slice.sizeBytes).toBeLessThanOrEqual(Math.ceil(1.5 * targetBytes));
      }),
    );
  });

  it('never cuts a file that cannot be split', () => {
    const slices = planTextRanges([{ sizeBytes: 10_000, dataOffset: 0, isSplittable: false }], 100);
    expect(slices).toEqual([{ ranges: [{ file: 0, startOffset: 0, endOffset: 10_000 }], sizeBytes: 10_000 }]);
  });

  it('keeps an empty file that cannot be split, for it may be a row', () => {
    const slices = planTextRanges([{ sizeBytes: 0, dataOffset: 0, isSplittable: false }], 100);
    expect(slices).toEqual([{ ranges: [{ file: 0, startOffset: 0, endOffset: 0 }], sizeBytes: 0 }]);
  });

  it('puts small neighbouring files in one slice', () => {
    const small = { sizeBytes: 40, dataOffset: 0, isSplittable: true };
    expect(planTextRanges([small, small, small], 100).map((slice) => slice.ranges.length)).toEqual([2, 1]);
  });
});

const rowGroups = fc.array(
  fc.record({ rows: fc.integer({ min: 0, max: 1000 }), columnBytes: fc.integer({ min: 0, max: 1000 }) }),
);

describe('planRowGroupSlices', () => {
  it('puts each row group in one slice, in order, and no two above the target together', () => {
    fc.assert(
      fc.property(rowGroups, fc.integer({ min: 1, max: 3000 }), (groups, targetBytes) => {
        const numbered = groups.map((group, rowGroup) => ({ ...group, rowGroup, file: 0 }));
        const slices = planRowGroupSlices(numbered, targetBytes);
        expect(slices.flatMap((slice) => slice.rowGroups)).toEqual(numbered);
        for (const slice of slices) {
          if (slice.rowGroups.length > 1) expect(slice.sizeBytes).toBeLessThanOrEqual(targetBytes);
          expect(slice.rows).toBe(slice.rowGroups.reduce((rows, group) => rows + group.rows, 0));
        }
      }),
    );
  });
});
