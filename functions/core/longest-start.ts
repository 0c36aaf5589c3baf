import type { Commit } from '../contract/commit.ts';

/**
 * What an engine took to start, by the commits of its rows; undefined where none says so. One that died starts again
 * with what it needs in the caches, so that the longest start is the one to expect.
 */
export const longestStart = (commits: readonly Pick<Commit, 'infer'>[]): number | undefined => {
  const starts = commits.flatMap(({ infer }) => infer?.startSeconds ?? []);
  return starts.length === 0 ? undefined : Math.max(...starts);
};
