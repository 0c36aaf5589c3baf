import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipRange, mergeRanges } from '../../../functions/io/remote/merge-ranges.ts';
import type { ByteRange } from '../../../functions/io/remote/remote-files.ts';

const GAP = 65_536;
const range = fc.record({ offset: fc.nat(2_000_000), lengthBytes: fc.integer({ min: 1, max: 300_000 }) });
const endOf = ({ offset, lengthBytes }: ByteRange): number => offset + lengthBytes;

describe('mergeRanges', () => {
  it('holds each range whole in one, in order, and leaves out what is further than a gap from all of them', () => {
    fc.assert(
      fc.property(fc.array(range), fc.option(fc.integer({ min: 1, max: 1_000_000 })), (ranges, most) => {
        const merged = mergeRanges(ranges, most ?? undefined);
        for (const each of ranges)
          expect(merged.some((one) => one.offset <= each.offset && endOf(each) <= endOf(one))).toBe(true);
        for (const [index, one] of merged.entries()) {
          expect(one.offset).toBeGreaterThanOrEqual(merged[index - 1]?.offset ?? 0);
          const isOwn = ranges.some((each) => each.lengthBytes === one.lengthBytes);
          if (most !== null && !isOwn) expect(one.lengthBytes).toBeLessThanOrEqual(most);
        }
        const wanted = ranges.reduce((bytes, { lengthBytes }) => bytes + lengthBytes, 0);
        const fetched = merged.reduce((bytes, { lengthBytes }) => bytes + lengthBytes, 0);
        expect(fetched).toBeLessThanOrEqual(wanted + GAP * ranges.length);
      }),
    );
  });

  it('joins what nearly touches and nothing else', () => {
    const a = { offset: 0, lengthBytes: 10 };
    expect(mergeRanges([{ offset: 10 + GAP, lengthBytes: 1 }, a])).toEqual([
      { offset: 0, lengthBytes: GAP + 11 },
    ]);
    expect(mergeRanges([a, { offset: 11 + GAP, lengthBytes: 1 }])).toHaveLength(2);
  });
});

describe('clipRange', () => {
  it('keeps the part that lies in the file', () => {
    expect(clipRange({ offset: -5, lengthBytes: 10 }, 100)).toEqual([{ offset: 0, lengthBytes: 5 }]);
    expect(clipRange({ offset: 95, lengthBytes: 10 }, 100)).toEqual([{ offset: 95, lengthBytes: 5 }]);
    expect(clipRange({ offset: 100, lengthBytes: 10 }, 100)).toEqual([]);
    expect(clipRange({ offset: 3, lengthBytes: -1 }, 100)).toEqual([]);
  });
});
