import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PART_LIMITS, planParts } from '../../functions/core/plan-parts.ts';

/** The largest object that S3 holds. */
const LARGEST_BYTES = 48.8 * 1024 ** 4;

describe('the parts of an upload', () => {
  it('cover the object without a gap or an overlap, within the limits of S3', () => {
    const size = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat(100)).map((bytes) => 1 + (bytes % LARGEST_BYTES));
    const part = fc.integer({ min: PART_LIMITS.leastBytes, max: PART_LIMITS.mostBytes });
    fc.assert(
      fc.property(size.map(Math.floor), part, (sizeBytes, partBytes) => {
        const parts = planParts(sizeBytes, partBytes);
        expect(parts.length).toBeLessThanOrEqual(PART_LIMITS.parts);
        let end = 0;
        for (const { offset, lengthBytes } of parts) {
          if (offset !== end || lengthBytes < 1 || lengthBytes > PART_LIMITS.mostBytes) {
            expect.fail(`a part of ${lengthBytes} bytes at ${offset}, expected at ${end}`);
          }
          end += lengthBytes;
        }
        expect(end).toBe(sizeBytes);
        // All but the last have the least size.
        const least = Math.min(...parts.slice(0, -1).map(({ lengthBytes }) => lengthBytes));
        expect(least).toBeGreaterThanOrEqual(PART_LIMITS.leastBytes);
      }),
      { numRuns: 30 },
    );
  });

  it('are one where the object is no larger than one', () => {
    expect(planParts(5, 5)).toEqual([{ offset: 0, lengthBytes: 5 }]);
    expect(planParts(6, 5)).toHaveLength(2);
    expect(planParts(0, 5)).toEqual([]);
  });
});
