/**
 * How many requests an endpoint gets at once. The law: additive increase, multiplicative decrease; what began before
 * a cut does not cut again; after an outage one request goes first, and only its answer opens the way for others.
 * Never more than `most` are open, and nothing begins before a time that the endpoint asked for.
 */
import { askedDelayMs, jitteredDelayMs, type RetryDelays } from './retry-delay.ts';

export type Pace = {
  readonly most: number;
  /** Requests that may be open, a fraction counted as nothing; from 1 to `most`. */
  readonly limit: number;
  /** Below it the limit doubles with each round of answers, above it it grows by one. */
  readonly threshold: number;
  /** Counts the cuts: an event of a request that began before the last one does not move the limit. */
  readonly epoch: number;
  /** Since an outage: one request of this epoch at a time. */
  readonly isProbing: boolean;
  readonly pausedUntilMs: number;
  /** Failures of this epoch, one after another. */
  readonly failures: number;
  /** Of endpoints that cannot be reached or say that they are not available: whatever their epoch. */
  readonly outages: number;
  /** Refusals one after another. */
  readonly refusals: number;
  /** All answers ever: by it a row knows whether others were answered meanwhile. */
  readonly answers: number;
  readonly failing: Failing | undefined;
};

/** A time without any answer. */
type Failing = {
  readonly sinceMs: number;
  /** Rows that were given up since. */
  readonly givenUp: number;
  /** How far all requests got at least: nobody was there; somebody said that it cannot; it took the row. */
  readonly reach: Reach;
};

type Reach = 'none' | 'told' | 'taken';

/**
 * `throttled`: too many or too fast. `unavailable`: it says that it cannot. `unreachable`: nobody took the
 * connection. `timeout`, `failed`: it took the row and gave no answer. `refused`: it will not, whatever the row.
 */
export type FailureKind = 'throttled' | 'unavailable' | 'unreachable' | 'timeout' | 'failed' | 'refused';

export type PaceFailure = {
  readonly kind: FailureKind;
  /** The pace's epoch when the request began. */
  readonly epoch: number;
  readonly nowMs: number;
  readonly retryAfterMs?: number | undefined;
  /** In [0, 1). */
  readonly random: number;
};

export const PACE = {
  /** With which an endpoint begins that nobody has asked yet: it doubles from there. */
  firstLimit: 4,
  decrease: 0.5,
  /** Failures one after another that are an outage and no bad luck. */
  outageFailures: 5,
  /** A refusal after answers may be a slip of the endpoint's; so many in a row are none. */
  refusals: 3,
  /** So few rows that are left, and fail, are at fault rather than an endpoint that answered others. */
  lastRows: 8,
} as const;

export const newPace = (most: number): Pace => ({
  most,
  limit: Math.min(PACE.firstLimit, most),
  threshold: most,
  epoch: 0,
  isProbing: false,
  pausedUntilMs: 0,
  failures: 0,
  outages: 0,
  refusals: 0,
  answers: 0,
  failing: undefined,
});

/** `openOfEpoch`: those among the open ones that began since the last cut. */
export type OpenRequests = { readonly open: number; readonly openOfEpoch: number };

/** Whether a request may begin now. */
export const mayBegin = (pace: Pace, { open, openOfEpoch }: OpenRequests, nowMs: number): boolean => {
  if (nowMs < pace.pausedUntilMs || open >= pace.most) return false;
  return pace.isProbing ? openOfEpoch < 1 : open < Math.floor(pace.limit);
};

/** A request was answered, be it by a refusal of its row alone; `open` counts it still. */
export const paceAfterAnswer = (
  pace: Pace,
  { epoch, open }: { readonly epoch: number; readonly open: number },
): Pace => {
  const answered = { ...pace, answers: pace.answers + 1, refusals: 0, failing: undefined };
  // A late answer says that the endpoint was there when it was asked.
  if (epoch !== pace.epoch) return answered;
  // A limit that was not used up says nothing about a higher one.
  const isFull = pace.isProbing || open >= Math.floor(pace.limit);
  const growth = pace.limit < pace.threshold ? 1 : 1 / pace.limit;
  return {
    ...answered,
    isProbing: false,
    failures: 0,
    outages: 0,
    limit: isFull ? Math.min(pace.most, pace.limit + growth) : pace.limit,
  };
};

/** A request was not answered. */
export const paceAfterFailure = (pace: Pace, failure: PaceFailure, delays: RetryDelays): Pace => {
  const isCurrent = failure.epoch === pace.epoch;
  const counted: Pace = {
    ...pace,
    failures: pace.failures + (isCurrent ? 1 : 0),
    outages: pace.outages + (isOutage(failure.kind) ? 1 : 0),
    refusals: pace.refusals + (failure.kind === 'refused' ? 1 : 0),
    failing: extendFailing(pace.failing, failure),
  };
  const isDown =
    failure.kind === 'unreachable' ||
    counted.failures >= PACE.outageFailures ||
    counted.outages >= PACE.outageFailures;
  if (pace.isProbing)
    return isCurrent ? probeAgain(counted, failure, delays) : heed(counted, failure, delays);
  if (isDown) return beginProbing(counted, failure, delays);
  if (!isCurrent || failure.kind === 'failed' || failure.kind === 'refused')
    return heed(counted, failure, delays);
  const limit = Math.max(1, pace.limit * PACE.decrease);
  return { ...pause(counted, failure, delays), limit, threshold: limit, epoch: pace.epoch + 1 };
};

const isOutage = (kind: FailureKind): boolean => kind === 'unavailable' || kind === 'unreachable';

const beginProbing = (pace: Pace, failure: PaceFailure, delays: RetryDelays): Pace => ({
  ...pause(pace, failure, delays),
  isProbing: true,
  threshold: Math.max(1, pace.limit * PACE.decrease),
  limit: 1,
  epoch: pace.epoch + 1,
});

const probeAgain = (pace: Pace, failure: PaceFailure, delays: RetryDelays): Pace => ({
  ...pause(pace, failure, delays),
  epoch: pace.epoch + 1,
});

/** Waits as long as was asked for, or a while by the number of failures. */
const pause = (pace: Pace, failure: PaceFailure, delays: RetryDelays): Pace => {
  const { nowMs, random, retryAfterMs } = failure;
  const failures = Math.max(pace.failures, 1);
  const delayMs =
    retryAfterMs === undefined
      ? jitteredDelayMs(failures, random, delays)
      : askedDelayMs(retryAfterMs, random, delays);
  return { ...pace, pausedUntilMs: Math.max(pace.pausedUntilMs, nowMs + delayMs) };
};

/** A time that was asked for counts whoever asks. */
const heed = (pace: Pace, failure: PaceFailure, delays: RetryDelays): Pace =>
  failure.retryAfterMs === undefined ? pace : pause(pace, failure, delays);

const REACH = {
  unreachable: 'none',
  throttled: 'told',
  unavailable: 'told',
  refused: 'told',
  timeout: 'taken',
  failed: 'taken',
} as const satisfies Record<FailureKind, Reach>;

const leastOf = (left: Reach, right: Reach): Reach => {
  if (left === 'none' || right === 'none') return 'none';
  return left === 'told' || right === 'told' ? 'told' : 'taken';
};

const extendFailing = (failing: Failing | undefined, { kind, nowMs }: PaceFailure): Failing => {
  const reach = REACH[kind];
  return failing === undefined
    ? { sinceMs: nowMs, givenUp: 0, reach }
    : { ...failing, reach: leastOf(failing.reach, reach) };
};

export type Patience = {
  readonly nowMs: number;
  /** Rows that have begun and have no answer. */
  readonly rows: number;
  /** Without any answer for so long the endpoint is lost. */
  readonly giveUpMs: number;
  /** For so long the last rows are tried, where others were answered before. */
  readonly lastRowsMs: number;
};

/**
 * What is left to do about a failure: ask `again`; give up the `row`, since few are left and there is nobody else by
 * whom to tell whose fault it is; or hold the endpoint for `lost`. The last rows are given up soon where the endpoint
 * takes them, and late where it says that it cannot; an endpoint that nobody reaches is never a row's fault. Without an
 * answer in between no more rows are given up than that: the next one is not the last.
 */
export const judgePatience = (
  pace: Pace,
  { nowMs, rows, giveUpMs, lastRowsMs }: Patience,
): 'again' | 'row' | 'lost' => {
  const { answers, refusals, failing } = pace;
  if (refusals >= (answers > 0 ? PACE.refusals : 1)) return 'lost';
  if (failing === undefined) return 'again';
  const failingMs = nowMs - failing.sinceMs;
  const areLast = rows + failing.givenUp <= PACE.lastRows;
  const hasAnswered = answers > 0;
  const mayBeRows = failing.reach === 'taken' || (failing.reach === 'told' && hasAnswered);
  const rowMs = failing.reach === 'taken' && hasAnswered ? lastRowsMs : giveUpMs;
  if (areLast && mayBeRows && failingMs >= rowMs) return 'row';
  return failingMs >= giveUpMs ? 'lost' : 'again';
};

/** A row was given up for want of patience. */
export const paceAfterGivingUp = (pace: Pace): Pace =>
  pace.failing === undefined
    ? pace
    : { ...pace, failing: { ...pace.failing, givenUp: pace.failing.givenUp + 1 } };
