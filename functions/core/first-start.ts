import type { Commit } from '../contract/commit.ts';

/**
 * Seconds that the engine of a stage took to start before its first task; undefined where that task's commit does not
 * say so. Later starts, of an engine that died or of a resumed job, lie between the first task and the last.
 */
export const firstStart = (commits: readonly Pick<Commit, 'startedAt' | 'infer'>[]): number | undefined => {
  const starts = commits.map(({ startedAt }) => Date.parse(startedAt));
  return commits[starts.indexOf(Math.min(...starts))]?.infer?.startSeconds;
};
