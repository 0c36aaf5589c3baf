import type { PlannedStage } from '../functions/contract/plan.ts';
import { renderSeconds } from '../functions/core/render-units.ts';

/** What a job is expected to take, and why. Where the time of a model is not known no sum is given for the whole. */
export const renderTime = (stages: readonly Pick<PlannedStage, 'kind' | 'expected'>[]): string => {
  const known = stages.flatMap(({ expected }) => expected ?? []);
  const seconds = known.reduce((sum, expected) => sum + expected.seconds, 0);
  const reasons = new Set(known.map(({ because }) => because));
  const sum = `${renderSeconds(seconds)} expected: ${[...reasons].join('; ')}`;
  return stages.some(({ kind, expected }) => kind === 'infer' && expected === undefined)
    ? `not known: the job finds out what the model takes; without it ${sum}`
    : sum;
};
