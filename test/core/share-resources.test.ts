import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LEAST_ENGINE_BYTES,
  PROCESS_OVERHEAD_BYTES,
  shareResources,
} from '../../functions/core/share-resources.ts';

const GB = 1e9;

describe('shareResources', () => {
  it.each([
    [{ threads: 8, memoryBytes: 16 * GB }, 100, { workers: 8, threads: 1 }],
    [{ threads: 8, memoryBytes: 16 * GB }, 3, { workers: 3, threads: 2 }],
    [{ threads: 1, memoryBytes: 16 * GB }, 100, { workers: 1, threads: 1 }],
    [{ threads: 8, memoryBytes: 16 * GB }, 1, { workers: 1, threads: 8 }],
    // 512 MB feed two engines, whatever cores there are.
    [{ threads: 16, memoryBytes: 512e6 }, 100, { workers: 2, threads: 8 }],
    [{ threads: 16, memoryBytes: 64e6 }, 100, { workers: 1, threads: 16 }],
  ])('takes as many workers as threads, tasks and memory allow: %o, %i tasks', (total, tasks, expected) => {
    const { workers, each } = shareResources({ total, tasks });
    expect({ workers, threads: each.threads }).toEqual(expected);
  });

  it('takes no more workers than it is told', () => {
    const total = { threads: 8, memoryBytes: 16 * GB };
    expect(shareResources({ total, tasks: 100, maxWorkers: 2 }).workers).toBe(2);
  });

  it('keeps the limits of all workers and their runner below 1.2 GB where the total is 512 MB', () => {
    const { workers, limitBytes } = shareResources({ total: { threads: 64, memoryBytes: 512e6 }, tasks: 99 });
    expect(workers * limitBytes).toBeLessThan(1.2 * GB);
  });

  it('never gives away more than there is, and leaves each process its own', () => {
    const totals = fc.record({
      threads: fc.integer({ min: 1, max: 256 }),
      memoryBytes: fc.integer({ min: 64e6, max: 4e12 }),
    });
    fc.assert(
      fc.property(totals, fc.integer({ min: 1, max: 100_000 }), (total, tasks) => {
        const { workers, each, limitBytes } = shareResources({ total, tasks });
        expect(workers).toBeLessThanOrEqual(Math.min(total.threads, tasks));
        expect(each.threads).toBeGreaterThanOrEqual(1);
        expect(each.threads * workers).toBeLessThanOrEqual(total.threads);
        expect(each.memoryBytes * workers).toBeLessThanOrEqual(total.memoryBytes);
        expect(limitBytes).toBeGreaterThan(each.memoryBytes + PROCESS_OVERHEAD_BYTES);
        if (workers > 1) expect(each.memoryBytes).toBeGreaterThanOrEqual(LEAST_ENGINE_BYTES);
      }),
    );
  });
});
