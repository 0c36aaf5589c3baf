import type { EndpointPrice } from '../contract/endpoint-settings.ts';
import type { PlannedStage } from '../contract/plan.ts';
import type { InferEstimate } from '../contract/planned-infer.ts';
import { priceTokens } from './endpoints/price-tokens.ts';
import { renderSeconds } from './render-units.ts';

/** What is known of the rows of a stage with a model before the job begins. */
export type ModelLoad = {
  readonly estimate: InferEstimate;
  /** That reach the step. */
  readonly rows: number | undefined;
  /** Of the prompts, for a row. */
  readonly tokens: { readonly each: number } | undefined;
};

/** Tokens of all rows; undefined where the rows or their length are not known. */
export const tokensOfModel = ({
  estimate,
  rows,
  tokens,
}: ModelLoad): { readonly promptTokens: number; readonly outputTokens: number } | undefined =>
  rows === undefined || tokens === undefined
    ? undefined
    : {
        promptTokens: Math.round(rows * tokens.each),
        outputTokens: Math.round(rows * estimate.outputTokensPerRow),
      };

/** USD for all rows; undefined where their tokens are not known. */
export const costOfModel = (load: ModelLoad, price: EndpointPrice): number | undefined => {
  const tokens = tokensOfModel(load);
  return tokens === undefined ? undefined : priceTokens(price, tokens);
};

/**
 * A stage with what its model is expected to take, the start of its engine included. Jobs of the same shape say
 * nothing where their model ran on another machine, or was another one: then nothing is expected, and the job finds out.
 */
export const expectModel = (stage: PlannedStage, load: ModelLoad | undefined): PlannedStage => {
  if (load === undefined) return stage;
  const { basis, because, tokensPerSecond } = load.estimate;
  const { expected, ...unexpected } = stage;
  if (tokensPerSecond === undefined) return unexpected;
  const tokens = tokensOfModel(load);
  const asked =
    tokens === undefined
      ? expected
      : {
          ...expected,
          seconds: (tokens.promptTokens + tokens.outputTokens) / tokensPerSecond,
          basis,
          because,
        };
  if (asked === undefined) return unexpected;
  const start = findStart(stage, load.estimate);
  const seconds = asked.seconds + start.seconds;
  return { ...unexpected, expected: { ...asked, seconds, because: `${asked.because}${start.because}` } };
};

/** Seconds before the first row, which are no part of any commit; an endpoint runs already. */
const findStart = (
  { opening }: PlannedStage,
  { startSeconds }: InferEstimate,
): { readonly seconds: number; readonly because: string } => {
  if (opening?.kind === 'infer' && opening.engine.kind === 'endpoint') return { seconds: 0, because: '' };
  if (startSeconds === undefined)
    return { seconds: 0, because: '; without the start of the engine, which no job has measured yet' };
  const because = `; ${renderSeconds(startSeconds)} of it for the start of the engine, as before`;
  return { seconds: startSeconds, because };
};
