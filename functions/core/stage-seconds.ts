import type { Commit } from '../contract/commit.ts';
import { firstStart } from './first-start.ts';

/** From the first start of a task to the last end, and before that the start of the engine, which is in no task. */
export const stageSeconds = (commits: readonly Pick<Commit, 'startedAt' | 'endedAt' | 'infer'>[]): number => {
  const starts = commits.map(({ startedAt }) => Date.parse(startedAt));
  const ends = commits.map(({ endedAt }) => Date.parse(endedAt));
  return Math.max(0, Math.max(...ends) - Math.min(...starts)) / 1000 + (firstStart(commits) ?? 0);
};
