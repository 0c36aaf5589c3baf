import { renderSeconds } from '../render-units.ts';

/** Shorter waits are not worth a word. */
const SHOWN_WAIT_MS = 1_000;

/** How an endpoint is doing, for a line of progress: `6 of 16 open`, `waits 12.0 s for the endpoint`. */
export const renderPace = ({
  open,
  limit,
  pausedMs,
}: {
  readonly open: number;
  readonly limit: number;
  readonly pausedMs: number;
}): string =>
  pausedMs >= SHOWN_WAIT_MS
    ? `waits ${renderSeconds(pausedMs / 1_000)} for the endpoint`
    : `${open} of ${limit} open`;
