import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBudgetUsd } from '../../functions/core/parse-budget.ts';
import { parseDeadline } from '../../functions/core/parse-deadline.ts';
import { parseDuration } from '../../functions/core/parse-duration.ts';
import { parseMaxRejects } from '../../functions/core/parse-max-rejects.ts';

describe('parseDuration', () => {
  it.each([
    ['6h', 21_600],
    ['90m', 5_400],
    ['45s', 45],
    ['1d 2h', 93_600],
    ['1d2h3m4s', 93_784],
    ['0h 1m', 60],
    ['999999d', 86_399_913_600],
  ])('reads %s as %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each([
    '',
    ' ',
    '6',
    'h',
    '0h',
    '0d 0s',
    '1h 1d',
    '1h 1h',
    '1.5h',
    '-1h',
    '1 h',
    '6H',
    '1w',
    '1h  2m',
    ' 6h',
    '6h ',
    '6h\n',
    '1d  2m',
    'PT6H',
  ])('rejects %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads what is written from days, hours, minutes and seconds', () => {
    const count = fc.nat(9_999);
    fc.assert(
      fc.property(
        count,
        count,
        count,
        fc.integer({ min: 1, max: 9_999 }),
        (days, hours, minutes, seconds) => {
          const expected = days * 86_400 + hours * 3_600 + minutes * 60 + seconds;
          expect(parseDuration(`${days}d ${hours}h ${minutes}m ${seconds}s`)).toBe(expected);
        },
      ),
      { seed: 20_261_122 },
    );
  });
});

describe('parseDeadline', () => {
  const submittedAtMs = Date.UTC(2026, 10, 22, 12);

  it('counts a duration from submission', () => {
    expect(parseDeadline('6h', submittedAtMs)).toBe(Date.UTC(2026, 10, 22, 18));
  });

  it('takes an instant as it is', () => {
    expect(parseDeadline('2026-11-23T06:00:00+02:00', submittedAtMs)).toBe(Date.UTC(2026, 10, 23, 4));
  });

  it('rejects what is neither', () => {
    expect(parseDeadline('soon', submittedAtMs)).toBeUndefined();
  });
});

describe('parseMaxRejects', () => {
  it.each([
    [0, { unit: 'rows', value: 0 }],
    [10, { unit: 'rows', value: 10 }],
    ['1%', { unit: 'rate', value: 0.01 }],
    ['0.5%', { unit: 'rate', value: 0.005 }],
    ['100%', { unit: 'rate', value: 1 }],
  ])('reads %j', (text, expected) => {
    expect(parseMaxRejects(text)).toEqual(expected);
  });
});

describe('parseBudgetUsd', () => {
  it('reads dollars and cents', () => {
    expect([parseBudgetUsd('20 USD'), parseBudgetUsd('0.50 USD')]).toEqual([20, 0.5]);
  });
});
