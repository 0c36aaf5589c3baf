import type { PlannedStage } from '../contract/plan.ts';
import type { InferEstimate } from '../contract/planned-infer.ts';

/** What is known of the rows of a stage with a model before the job begins. */
export type ModelLoad = {
  readonly estimate: InferEstimate;
  /** That reach the step. */
  readonly rows: number | undefined;
  /** Of the prompts, for a row. */
  readonly tokens: { readonly each: number } | undefined;
};

/** Tokens of prompts and answers of all rows; undefined where the rows or their length are not known. */
export const tokensOfModel = ({ estimate, rows, tokens }: ModelLoad): number | undefined =>
  rows === undefined || tokens === undefined
    ? undefined
    : Math.round(rows * (tokens.each + estimate.outputTokensPerRow));

/**
 * A stage with what its model is expected to take. Jobs of the same shape say nothing where their model ran on another
 * machine, or was another one: then nothing is expected, and the job finds out.
 */
export const expectModel = (stage: PlannedStage, load: ModelLoad | undefined): PlannedStage => {
  if (load === undefined) return stage;
  const { basis, because, tokensPerSecond } = load.estimate;
  const { expected, ...unexpected } = stage;
  if (tokensPerSecond === undefined) return unexpected;
  const tokens = tokensOfModel(load);
  if (tokens === undefined) return stage;
  return { ...unexpected, expected: { ...expected, seconds: tokens / tokensPerSecond, basis, because } };
};
