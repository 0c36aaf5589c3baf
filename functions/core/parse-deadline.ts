import { parseDuration } from './parse-duration.ts';

/**
 * The instant of a deadline in milliseconds since 1970 (UTC): a duration counts from `submittedAtMs`,
 * an ISO 8601 instant stands for itself. `undefined` where the text is neither.
 */
export const parseDeadline = (text: string, submittedAtMs: number): number | undefined => {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return submittedAtMs + seconds * 1_000;
  const instantMs = Date.parse(text);
  return Number.isNaN(instantMs) ? undefined : instantMs;
};
