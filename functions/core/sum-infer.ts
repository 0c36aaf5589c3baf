import type { Commit } from '../contract/commit.ts';
import type { InferTotals } from '../contract/planned-infer.ts';
import { firstStart } from './first-start.ts';
import { sumOfKnown } from './sum-of-known.ts';

/** What the tasks of a stage asked of their model together; undefined where none runs one. */
export const sumInfer = (
  commits: readonly Pick<Commit, 'startedAt' | 'infer'>[],
): InferTotals | undefined => {
  const figures = commits.flatMap(({ infer }) => infer ?? []);
  if (figures.length === 0) return undefined;
  const costUsd = sumOfKnown(figures.map((each) => each.costUsd));
  const startSeconds = firstStart(commits);
  // Who says nothing of a cache has none, or does not know: then there is no sum.
  const cachedTokens = sumOfKnown(figures.map((each) => each.cachedTokens));
  return {
    rows: figures.reduce((sum, { rows }) => sum + rows, 0),
    promptTokens: figures.reduce((sum, { promptTokens }) => sum + promptTokens, 0),
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    outputTokens: figures.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(startSeconds === undefined ? {} : { startSeconds }),
    engine: [...new Set(figures.map(({ engine }) => engine))].sort().join(', '),
  };
};
