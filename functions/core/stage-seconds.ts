import type { Commit } from '../contract/commit.ts';

/** From the first start of a task to the last end, and before that the start of the engine, which is in no task. */
export const stageSeconds = (commits: readonly Pick<Commit, 'startedAt' | 'endedAt' | 'infer'>[]): number => {
  const starts = commits.map(({ startedAt }) => Date.parse(startedAt));
  const ends = commits.map(({ endedAt }) => Date.parse(endedAt));
  const first = Math.min(...starts);
  const engineSeconds = commits[starts.indexOf(first)]?.infer?.startSeconds ?? 0;
  return Math.max(0, Math.max(...ends) - first) / 1000 + engineSeconds;
};
