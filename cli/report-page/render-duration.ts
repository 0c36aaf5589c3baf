import { renderSeconds } from '../../functions/core/render-units.ts';

/** 0.0872 becomes `87 ms`, 1.5 `1.5 s`, 90 `1m 30s`: tasks of a small job differ by milliseconds. */
export const renderDuration = (seconds: number): string => {
  const ms = Math.round(seconds * 1000);
  if (ms === 0) return '0 s';
  return ms < 1000 ? `${ms} ms` : renderSeconds(seconds);
};
