import { describe, expect, it } from 'vitest';
import type { RejectLimit } from '../../functions/contract/plan-header.ts';
import {
  isWithinLimit,
  isWithinTaskLimit,
  renderRejectLimit,
  sumRejects,
} from '../../functions/core/judge-rejects.ts';

const rows = (value: number): RejectLimit => ({ unit: 'rows', value });
const rate = (value: number): RejectLimit => ({ unit: 'rate', value });

describe('isWithinTaskLimit', () => {
  it.each([
    [rows(0), 0, true],
    [rows(0), 1, false],
    [rows(25), 25, true],
    [rows(25), 26, false],
    [rate(0), 0, true],
    [rate(0), 1, false],
    [rate(0.01), 1e9, true],
  ])(
    'judges a limit in rows at once and leaves a rate to seal: %o, %i rejects',
    (limit, rejected, isWithin) => {
      expect(isWithinTaskLimit(limit, rejected)).toBe(isWithin);
    },
  );
});

describe('isWithinLimit', () => {
  it.each([
    [rows(2), { read: 10, rejected: 2 }, true],
    [rows(2), { read: 10, rejected: 3 }, false],
    [rate(0.01), { read: 100, rejected: 1 }, true],
    [rate(0.01), { read: 99, rejected: 1 }, false],
    [rate(0.01), { read: 0, rejected: 0 }, true],
    [rate(0), { read: 100, rejected: 0 }, true],
    [rate(1), { read: 3, rejected: 3 }, true],
    [rate(0.07), { read: 100, rejected: 7 }, true],
    [rate(0.29), { read: 100, rejected: 29 }, true],
    [rate(0.57), { read: 100, rejected: 57 }, true],
    [rate(0.57), { read: 100, rejected: 58 }, false],
  ])('judges %o of %o', (limit, counts, isWithin) => {
    expect(isWithinLimit(limit, counts)).toBe(isWithin);
  });
});

describe('sumRejects', () => {
  it('counts rejects of all stages against the rows that the first one read', () => {
    const counts = { grown: 0, written: 0, dropped: 0, folded: 0, cut: 0, pruned: 0 };
    const stages = [
      { ...counts, read: 4000, pruned: 1000, rejected: 4 },
      { ...counts, read: 40, rejected: 1 },
    ];
    expect(sumRejects(stages)).toEqual({ read: 5000, rejected: 5 });
    expect(sumRejects([])).toEqual({ read: 0, rejected: 0 });
  });
});

describe('renderRejectLimit', () => {
  it.each([
    [rows(0), '0'],
    [rows(25), '25'],
    [rate(0.01), '1%'],
    [rate(0.07), '7%'],
    [rate(0.29), '29%'],
    [rate(0.000001), '0.0001%'],
    [rate(1), '100%'],
  ])('writes %o as the spec does: %s', (limit, text) => {
    expect(renderRejectLimit(limit)).toBe(text);
  });
});
