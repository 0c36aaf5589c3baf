import { DURATION_PATTERN } from '../contract/spec-values.ts';

const SECONDS_PER_UNIT = [86_400, 3_600, 60, 1] as const;

/** Seconds of a duration such as `1d 2h`, `90m` or `45s`; `undefined` where the text is none. */
export const parseDuration = (text: string): number | undefined => {
  const match = DURATION_PATTERN.exec(text);
  if (match === null) return undefined;
  return SECONDS_PER_UNIT.reduce(
    (seconds, unit, index) => seconds + unit * Number.parseInt(match[index + 1] ?? '0', 10),
    0,
  );
};
