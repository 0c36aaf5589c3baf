import { describe, expect, it } from 'vitest';
import { estimateGroups, shrinksInTask } from '../../functions/core/judge-shrink.ts';

const seenOf = (groups: number, rows: number): number => Math.round(groups * -Math.expm1(-rows / groups));

describe('estimateGroups', () => {
  it.each([100, 5_000, 100_000, 1_000_000])('finds %i groups from what 50,000 rows show', (groups) => {
    const estimate = estimateGroups(50_000, seenOf(groups, 50_000));
    expect(estimate / groups).toBeGreaterThan(0.9);
    expect(estimate / groups).toBeLessThan(1.1);
  });

  it('finds no bound where every row is a group of its own', () => {
    expect(estimateGroups(50_000, 50_000)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('shrinksInTask', () => {
  it('groups first where a task sees each group many times, though the sample hardly did', () => {
    const groups = seenOf(100_000, 50_000);
    expect(groups / 50_000).toBeGreaterThan(0.75);
    expect(shrinksInTask({ rows: 50_000, groups, taskRows: 1_250_000 })).toBe(true);
  });

  it('lets rows through where keys are nearly unique', () => {
    expect(shrinksInTask({ rows: 50_000, groups: 50_000, taskRows: 1_250_000 })).toBe(false);
    expect(shrinksInTask({ rows: 50_000, groups: 49_999, taskRows: 1_250_000 })).toBe(false);
  });

  it('groups first where the sample is too small to say', () => {
    expect(shrinksInTask({ rows: 10, groups: 10, taskRows: 10 })).toBe(true);
  });
});
