import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judgePatience,
  newPace,
  PACE,
  type Pace,
  type PaceFailure,
  paceAfterAnswer,
  paceAfterFailure,
  paceAfterGivingUp,
} from '../../../functions/core/endpoints/adapt-concurrency.ts';
import { RETRY_DELAYS } from '../../../functions/core/endpoints/retry-delay.ts';
import { announceSeed } from '../../oracle/grammar.ts';
import { type Simulated, simulate } from './simulated-endpoint.ts';

/** The same numbers for the same seed. */
const randomOf = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

const endpointOf = (given: Partial<Simulated> = {}): Simulated => ({
  rows: 2_000,
  most: 64,
  capacity: () => 64,
  serviceMs: 500,
  refusalMs: 20,
  outages: [],
  random: randomOf(7),
  ...given,
});

describe('the pace of an endpoint', () => {
  it('answers every row, never opens more than its bound, whatever the endpoint does', () => {
    const endpoints = fc.record({
      rows: fc.integer({ min: 1, max: 400 }),
      most: fc.integer({ min: 1, max: 100 }),
      capacities: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 }),
      serviceMs: fc.integer({ min: 1, max: 5_000 }),
      refusalMs: fc.integer({ min: 1, max: 1_000 }),
      outages: fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 1, max: 120_000 })), {
        maxLength: 3,
      }),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 300_000 }), { nil: undefined }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(endpoints, ({ capacities, outages, retryAfterMs, seed, ...given }) => {
        const { seen, answered, paces } = simulate({
          ...given,
          capacity: (nowMs) => capacities[Math.floor(nowMs / 20_000) % capacities.length] ?? 1,
          outages: outages.map(([from, length]) => [from, from + length] as const),
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
          random: randomOf(seed),
        });
        expect(answered).toBe(given.rows);
        for (const { open } of seen) expect(open).toBeLessThanOrEqual(given.most);
        for (const { pace } of paces) {
          expect(pace.limit).toBeGreaterThanOrEqual(1);
          expect(pace.limit).toBeLessThanOrEqual(given.most);
        }
      }),
      announceSeed('pace of an endpoint', 200),
    );
  });

  it('uses all that an endpoint takes, and reaches it within a few rounds', () => {
    const { seen, endedMs } = simulate(endpointOf());
    const rounds = 2_000 / 64;
    expect(endedMs).toBeLessThan((rounds + 6) * 500);
    expect(seen.every(({ kind }) => kind === 'answered')).toBe(true);
  });

  it('finds the capacity of an endpoint that takes fewer, at the price of few refusals', () => {
    const { seen, endedMs } = simulate(endpointOf({ capacity: () => 10, rows: 4_000 }));
    const refused = seen.filter(({ kind }) => kind === 'throttled').length;
    expect(refused).toBeLessThan(400);
    // Half of what the endpoint could do: what additive increase and halving give at worst.
    expect(endedMs).toBeLessThan((2 * 4_000 * 500) / 10);
  });

  it('falls when the endpoint takes fewer, and recovers when it takes more again', () => {
    const capacity = (nowMs: number): number => (nowMs >= 10_000 && nowMs < 60_000 ? 4 : 64);
    const { seen } = simulate(endpointOf({ capacity, rows: 6_000 }));
    const most = (fromMs: number, toMs: number): number =>
      Math.max(...seen.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ open }) => open));
    expect(most(5_000, 10_000)).toBe(64);
    expect(most(30_000, 60_000)).toBeLessThanOrEqual(6);
    expect(most(90_000, Number.POSITIVE_INFINITY)).toBeGreaterThan(32);
  });

  it('sends one request first after an outage, and none beside it until that is answered', () => {
    const outages = [[5_000, 65_000]] as const;
    const { seen, paces } = simulate(endpointOf({ outages, rows: 4_000 }));
    const probingSince = paces.find(({ pace }) => pace.isProbing)?.atMs ?? Number.POSITIVE_INFINITY;
    // What was open at that moment is over by then.
    const settledMs = probingSince + 500;
    const firstAnswer = seen.find(({ atMs, kind }) => atMs > 65_000 && kind === 'answered');
    const probes = seen.filter(({ atMs }) => atMs > settledMs && atMs <= (firstAnswer?.atMs ?? 0));
    expect(firstAnswer).toBeDefined();
    expect(probes.length).toBeGreaterThan(1);
    expect(probes.every(({ open }) => open === 1)).toBe(true);
    // Doubling waits: a minute holds few of them.
    expect(probes.length).toBeLessThan(20);
  });

  it('opens the way slowly behind the probe: no storm', () => {
    const outages = [[5_000, 65_000]] as const;
    const { seen } = simulate(endpointOf({ outages, rows: 4_000 }));
    const back = seen.find(({ atMs, kind }) => atMs >= 65_000 && kind === 'answered')?.atMs ?? 0;
    const inFirstRounds = seen.filter(({ atMs }) => atMs >= back && atMs < back + 3 * 500);
    expect(Math.max(...inFirstRounds.map(({ open }) => open))).toBeLessThanOrEqual(8);
  });

  it('begins nothing before the time that the endpoint asked for, and no later than a tenth after it', () => {
    const capacity = (nowMs: number): number => (nowMs < 3_000 ? 64 : nowMs < 3_100 ? 0 : 64);
    const { seen } = simulate(endpointOf({ capacity, retryAfterMs: 30_000 }));
    const refusedMs = (seen.findLast(({ kind }) => kind === 'throttled')?.atMs ?? 0) + 20;
    const next = seen.find(({ atMs }) => atMs > refusedMs)?.atMs ?? 0;
    expect(next).toBeGreaterThanOrEqual(refusedMs + 30_000);
    expect(next).toBeLessThanOrEqual(refusedMs + 33_100);
  });

  it('cuts once for all requests that were open at the cut', () => {
    let pace: Pace = { ...newPace(64), limit: 64 };
    const failure: PaceFailure = { kind: 'throttled', epoch: 0, nowMs: 0, random: 0.5 };
    for (let count = 0; count < 64; count += 1) pace = paceAfterFailure(pace, failure, RETRY_DELAYS);
    expect(pace.limit).toBe(32);
    expect(pace.isProbing).toBe(false);
  });

  it('does not grow a limit that is not used up', () => {
    const pace = { ...newPace(64), limit: 20 };
    expect(paceAfterAnswer(pace, { epoch: 0, open: 5 }).limit).toBe(20);
    expect(paceAfterAnswer(pace, { epoch: 0, open: 20 }).limit).toBe(21);
  });
});

const patience = { nowMs: 1_000_000, rows: 100, giveUpMs: 600_000, lastRowsMs: 60_000 };
const failureOf = (kind: PaceFailure['kind'], nowMs: number): PaceFailure => ({
  kind,
  epoch: 0,
  nowMs,
  random: 0.5,
});
const failed = (pace: Pace, kind: PaceFailure['kind'], nowMs: number): Pace =>
  paceAfterFailure(pace, failureOf(kind, nowMs), RETRY_DELAYS);
const answeredOnce = paceAfterAnswer(newPace(8), { epoch: 0, open: 1 });

describe('the patience with an endpoint', () => {
  it('ends at the first refusal where it never answered, at the third in a row where it did', () => {
    expect(judgePatience(failed(newPace(8), 'refused', 0), patience)).toBe('lost');
    let pace = failed(answeredOnce, 'refused', patience.nowMs);
    expect(judgePatience(pace, patience)).toBe('again');
    for (let count = 1; count < PACE.refusals; count += 1) pace = failed(pace, 'refused', patience.nowMs);
    expect(judgePatience(pace, patience)).toBe('lost');
  });

  it.each(['throttled', 'unavailable', 'unreachable', 'timeout', 'failed'] as const)(
    'ends where nothing was answered for as long as it may: %s',
    (kind) => {
      const since = patience.nowMs - patience.giveUpMs;
      expect(judgePatience(failed(answeredOnce, kind, since + 1), patience)).toBe('again');
      expect(judgePatience(failed(answeredOnce, kind, since), patience)).toBe('lost');
    },
  );

  it('gives up the last rows, and not the endpoint, where it takes them and answered others', () => {
    const pace = failed(answeredOnce, 'failed', patience.nowMs - patience.lastRowsMs);
    expect(judgePatience(pace, { ...patience, rows: PACE.lastRows })).toBe('row');
    expect(judgePatience(pace, { ...patience, rows: PACE.lastRows + 1 })).toBe('again');
  });

  it.each([
    ['unreachable', answeredOnce, 'lost'],
    ['unavailable', answeredOnce, 'row'],
    ['throttled', answeredOnce, 'row'],
    ['failed', answeredOnce, 'row'],
    ['unreachable', newPace(8), 'lost'],
    ['unavailable', newPace(8), 'lost'],
    ['failed', newPace(8), 'row'],
  ] as const)('judges the last row at the end of all patience: %s, %o: %s', (kind, before, verdict) => {
    const pace = failed(before, kind, patience.nowMs - patience.giveUpMs);
    expect(judgePatience(pace, { ...patience, rows: 1 })).toBe(verdict);
  });

  it('gives up no more rows without an answer in between than may be the last', () => {
    let pace = failed(answeredOnce, 'failed', 0);
    for (let count = 0; count < PACE.lastRows; count += 1) {
      expect(judgePatience(pace, { ...patience, rows: 1 })).toBe('row');
      pace = failed(paceAfterGivingUp(pace), 'failed', patience.nowMs);
    }
    expect(judgePatience(pace, { ...patience, rows: 1 })).toBe('lost');
    const again = failed(paceAfterAnswer(pace, { epoch: pace.epoch, open: 1 }), 'failed', 0);
    expect(judgePatience(again, { ...patience, rows: 1 })).toBe('row');
  });

  it('begins anew with every answer', () => {
    const pace = paceAfterAnswer(failed(answeredOnce, 'unavailable', 0), { epoch: 0, open: 1 });
    expect(judgePatience(pace, patience)).toBe('again');
    expect(pace.refusals).toBe(0);
  });
});
