import type { Commit } from '../../functions/contract/commit.ts';
import { medianOf } from '../../functions/core/median.ts';
import type { Shuffle } from './report-page.ts';

/** More bars than this are narrower than a pixel of a page. */
const MAX_BARS = 512;

type Sum = { bytes: number; rows: number };

/** Sizes of the partitions that a stage wrote, over all its tasks; undefined where it wrote none. */
export const prepareShuffle = (stage: string, commits: readonly Commit[]): Shuffle | undefined => {
  const sums: Sum[] = [];
  for (const { partitions } of commits) {
    for (const [partition, [, bytes, , rows]] of partitions.entries()) {
      sums[partition] ??= { bytes: 0, rows: 0 };
      const sum = sums[partition];
      sum.bytes += bytes;
      sum.rows += rows;
    }
  }
  if (sums.length === 0) return undefined;
  const largest = sums.reduce(
    (best, { bytes }, index) => (bytes > (sums[best]?.bytes ?? 0) ? index : best),
    0,
  );
  const partitionsPerBar = Math.ceil(sums.length / MAX_BARS);
  return {
    stage,
    tasks: commits.length,
    partitions: sums.length,
    bytes: sums.reduce((total, { bytes }) => total + bytes, 0),
    rows: sums.reduce((total, { rows }) => total + rows, 0),
    medianBytes: medianOf(sums.map(({ bytes }) => bytes)),
    largest: { partition: largest, bytes: sums[largest]?.bytes ?? 0, rows: sums[largest]?.rows ?? 0 },
    partitionsPerBar,
    bars: Array.from({ length: Math.ceil(sums.length / partitionsPerBar) }, (_, bar) => {
      const group = sums.slice(bar * partitionsPerBar, (bar + 1) * partitionsPerBar);
      const top = group.reduce((best, sum) => (sum.bytes > best.bytes ? sum : best));
      return [top.bytes, top.rows] as const;
    }),
  };
};
