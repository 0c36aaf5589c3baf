import { renderSeconds } from '../render-units.ts';

/** Shorter waits are not worth a word. */
const SHOWN_WAIT_MS = 1_000;

/**
 * How an endpoint is doing, for a line of progress: `6 of 16 open`, or for how long nothing begins and why:
 * `waits 12.0 s: the endpoint local cannot be reached at localhost:9978 (ECONNREFUSED)`.
 */
export const renderPace = (
  endpoint: string,
  {
    open,
    limit,
    pausedMs,
    because,
  }: {
    readonly open: number;
    readonly limit: number;
    readonly pausedMs: number;
    readonly because?: string;
  },
): string => {
  if (pausedMs < SHOWN_WAIT_MS) return `${open} of ${limit} open`;
  const waits = `waits ${renderSeconds(pausedMs / 1_000)}`;
  return because === undefined
    ? `${waits} for the endpoint ${endpoint}`
    : `${waits}: the endpoint ${endpoint} ${because}`;
};
