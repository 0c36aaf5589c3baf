import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  askedDelayMs,
  jitteredDelayMs,
  parseRetryAfter,
  RETRY_DELAYS,
} from '../../../functions/core/endpoints/retry-delay.ts';
import { announceSeed } from '../../oracle/grammar.ts';

const { baseMs, mostMs, mostAskedMs } = RETRY_DELAYS;
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the wait before the next try', () => {
  it('lies between nothing and a bound that doubles up to its most', () => {
    fc.assert(
      fc.property(fc.nat(10_000), random, (failures, chance) => {
        const delayMs = jitteredDelayMs(failures, chance, RETRY_DELAYS);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(mostMs);
        if (failures === 1) expect(delayMs).toBeLessThanOrEqual(baseMs);
      }),
      announceSeed('wait before a try', 300),
    );
    expect(jitteredDelayMs(3, 0.5, RETRY_DELAYS)).toBe(2 * baseMs);
  });

  it('is what was asked for, spread over a tenth more, and no more than is waited out', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), random, (asked, chance) => {
        const delayMs = askedDelayMs(asked, chance, RETRY_DELAYS);
        const bounded = Math.min(mostAskedMs, Math.max(0, asked));
        expect(delayMs).toBeGreaterThanOrEqual(bounded);
        expect(delayMs).toBeLessThanOrEqual(bounded * 1.1);
      }),
      announceSeed('wait that was asked for', 300),
    );
  });
});

describe('the time that a reply asks for', () => {
  const now = Date.parse('2026-11-28T12:00:00Z');
  it.each([
    [{ retryAfter: '7' }, 7_000],
    [{ retryAfter: ' 0.5 ' }, 500],
    [{ retryAfter: '0' }, 0],
    [{ retryAfter: 'Sat, 28 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ retryAfter: 'Saturday, 28-Nov-26 12:00:30 GMT' }, 30_000],
    [{ retryAfter: 'Sat, 28 Nov 2026 11:00:00 GMT' }, 0],
    [{ milliseconds: '250', retryAfter: '7' }, 250],
    [{ milliseconds: 'soon', retryAfter: '7' }, 7_000],
    [{ retryAfter: 'soon' }, undefined],
    [{ retryAfter: '-5' }, undefined],
    [{ retryAfter: '2027' }, 2_027_000],
    [{ retryAfter: '' }, undefined],
    [{}, undefined],
  ])('of %o is %s milliseconds', (headers, expected) => {
    expect(parseRetryAfter(headers, now)).toBe(expected);
  });
});
