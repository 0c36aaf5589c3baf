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
  /** The rows that were looked at, and those of them that no model is asked for. */
  readonly sample?: { readonly rows: number; readonly bad: readonly { readonly rows: number }[] } | undefined;
};

/** Of the rows that reach the step, as many as the sample has of good ones. */
const askedRows = (rows: number, sample: ModelLoad['sample']): number => {
  if (sample === undefined || sample.rows === 0) return rows;
  const bad = sample.bad.reduce((sum, each) => sum + each.rows, 0);
  return rows * (1 - bad / sample.rows);
};

/** Tokens of all rows that a model is asked for; undefined where the rows or their length are not known. */
export const tokensOfModel = ({
  estimate,
  rows,
  tokens,
  sample,
}: ModelLoad): { readonly promptTokens: number; readonly outputTokens: number } | undefined => {
  if (rows === undefined || tokens === undefined) return undefined;
  const asked = askedRows(rows, sample);
  return {
    promptTokens: Math.round(asked * tokens.each),
    outputTokens: Math.round(asked * estimate.outputTokensPerRow),
  };
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
