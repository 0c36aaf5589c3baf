/** How long to wait, in milliseconds. */
export type RetryDelays = {
  /** After the first failure at most so long; twice as long after each further one. */
  readonly baseMs: number;
  readonly mostMs: number;
  /** What a server may ask for: a limit per day is not waited out. */
  readonly mostAskedMs: number;
};

export const RETRY_DELAYS: RetryDelays = { baseMs: 1_000, mostMs: 60_000, mostAskedMs: 120_000 };

/** Doubling further changes nothing, and would overflow. */
const MOST_DOUBLINGS = 30;

/**
 * Full jitter: anything between nothing and the bound, so that callers who failed together do not come back together.
 * `random` is in [0, 1).
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export const jitteredDelayMs = (failures: number, random: number, { baseMs, mostMs }: RetryDelays): number =>
  random * Math.min(mostMs, baseMs * 2 ** Math.min(MOST_DOUBLINGS, Math.max(0, failures - 1)));

/** Who was told a time is spread over a tenth more of it. */
const SPREAD = 0.1;

/** The time that a server asked for, bounded and spread. */
export const askedDelayMs = (retryAfterMs: number, random: number, { mostAskedMs }: RetryDelays): number =>
  Math.min(mostAskedMs, Math.max(0, retryAfterMs)) * (1 + SPREAD * random);

const SECONDS = /^\s*(\d+(?:\.\d+)?)\s*$/;

/**
 * Reads `retry-after-ms` (OpenAI's own) or `Retry-After`, which is seconds or a date. Undefined where there is none,
 * or one that means nothing; a time that has passed is 0.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export const parseRetryAfter = (
  headers: { readonly milliseconds?: string | undefined; readonly retryAfter?: string | undefined },
  nowMs: number,
): number | undefined => {
  const milliseconds = SECONDS.exec(headers.milliseconds ?? '')?.[1];
  if (milliseconds !== undefined) return Number(milliseconds);
  const { retryAfter } = headers;
  if (retryAfter === undefined) return undefined;
  const seconds = SECONDS.exec(retryAfter)?.[1];
  if (seconds !== undefined) return Number(seconds) * 1_000;
  // Date.parse reads more than HTTP's dates; a year alone, for example, is none of them.
  const at = /[A-Za-z]{3}/.test(retryAfter) ? Date.parse(retryAfter) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
};
