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

/** A stage with what its model is expected to take, where that is known and no job of the shape has shown it. */
export const expectModel = (stage: PlannedStage, load: ModelLoad | undefined): PlannedStage => {
  if (load === undefined || stage.expected.basis === 'history') return stage;
  const { basis, because, tokensPerSecond } = load.estimate;
  const tokens = tokensOfModel(load);
  if (tokens === undefined || tokensPerSecond === undefined) return stage;
  return { ...stage, expected: { seconds: tokens / tokensPerSecond, basis, because } };
};
