/** An endpoint and its callers on a virtual clock: no time passes but in the queue of events. */
import {
  mayBegin,
  newPace,
  type Pace,
  paceAfterAnswer,
  paceAfterFailure,
} from '../../../functions/core/endpoints/adapt-concurrency.ts';
import { jitteredDelayMs, type RetryDelays } from '../../../functions/core/endpoints/retry-delay.ts';

export type Simulated = {
  readonly rows: number;
  readonly most: number;
  /** Requests that it takes at once at a time; more get 429 after `refusalMs`. */
  readonly capacity: (nowMs: number) => number;
  readonly serviceMs: number;
  readonly refusalMs: number;
  /** Nobody takes a connection in [from, to). */
  readonly outages: readonly (readonly [fromMs: number, toMs: number])[];
  readonly retryAfterMs?: number;
  readonly random: () => number;
};

/** A request as the endpoint saw it. */
export type Seen = {
  readonly atMs: number;
  /** Open with it. */
  readonly open: number;
  readonly kind: 'answered' | 'throttled' | 'unreachable';
};

export type Simulation = {
  readonly seen: readonly Seen[];
  readonly answered: number;
  readonly endedMs: number;
  readonly paces: readonly { readonly atMs: number; readonly pace: Pace }[];
};

const DELAYS: RetryDelays = { baseMs: 1_000, mostMs: 60_000, mostAskedMs: 120_000 };
/** Of events: a simulation that does not end is a failure of the law. */
const MOST_EVENTS = 1_000_000;

/** Runs until every row has its answer. */
export const simulate = (endpoint: Simulated): Simulation => {
  const { rows, most, capacity, serviceMs, refusalMs, outages, retryAfterMs, random } = endpoint;
  let nowMs = 0;
  let pace = newPace(most);
  let waiting = rows;
  let answered = 0;
  const open = new Map<number, number>();
  const seen: Seen[] = [];
  const paces: { atMs: number; pace: Pace }[] = [];
  const events: { atMs: number; act: () => void }[] = [];
  const at = (atMs: number, act: () => void): void => {
    const place = events.findLastIndex((event) => event.atMs <= atMs);
    events.splice(place + 1, 0, { atMs, act });
  };
  const openOfEpoch = (): number => [...open.values()].filter((epoch) => epoch === pace.epoch).length;
  const isDown = (): boolean => outages.some(([from, to]) => nowMs >= from && nowMs < to);
  const ask = (failures: number): void => {
    waiting -= 1;
    const id = seen.length;
    const { epoch } = pace;
    open.set(id, epoch);
    const kind = isDown() ? 'unreachable' : open.size > capacity(nowMs) ? 'throttled' : 'answered';
    seen.push({ atMs: nowMs, open: open.size, kind });
    at(nowMs + (kind === 'answered' ? serviceMs : refusalMs), () => {
      if (kind === 'answered') {
        pace = paceAfterAnswer(pace, { epoch, open: open.size });
        answered += 1;
      } else {
        const failure = { kind, epoch, nowMs, random: random(), retryAfterMs } as const;
        pace = paceAfterFailure(pace, failure, DELAYS);
        at(nowMs + jitteredDelayMs(failures + 1, random(), DELAYS), () => {
          tries.push(failures + 1);
          waiting += 1;
        });
      }
      open.delete(id);
      paces.push({ atMs: nowMs, pace });
    });
  };
  const tries: number[] = new Array(rows).fill(0);
  for (let count = 0; answered < rows; count += 1) {
    if (count > MOST_EVENTS) throw new Error('the simulation does not end');
    while (waiting > 0 && mayBegin(pace, { open: open.size, openOfEpoch: openOfEpoch() }, nowMs))
      ask(tries.shift() ?? 0);
    const event = events.shift();
    if (event === undefined) {
      // Nothing is open and nobody comes back: a pause is all that is left.
      if (waiting === 0 || pace.pausedUntilMs <= nowMs) throw new Error('the simulation stands still');
      nowMs = pace.pausedUntilMs;
      continue;
    }
    if (open.size === 0 && pace.pausedUntilMs > nowMs && pace.pausedUntilMs < event.atMs && waiting > 0) {
      events.unshift(event);
      nowMs = pace.pausedUntilMs;
      continue;
    }
    nowMs = event.atMs;
    event.act();
  }
  return { seen, answered, endedMs: nowMs, paces };
};
