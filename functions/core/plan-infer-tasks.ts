import { INFER_LIMITS, type InferEstimate } from '../contract/planned-infer.ts';
import { type PieceSpan, packPieces } from './pack-pieces.ts';
import { type PieceLoad, type TokenRates, tokensOf } from './weigh-pieces.ts';

/** A task of a stage that runs a model, before it has a name. */
export type InferSpan = PieceSpan & { readonly waits?: true };

/**
 * What a pilot takes at most: enough rows for an engine to show its speed, few enough that a CPU answers them in a
 * minute or two.
 */
const PILOT_PIECES = 4;
const PILOT_TOKENS = 30_000;

/** A task has at most 1,000 others in its place: so many pieces can be cut in any way. */
export const MOST_REPLACEMENTS = 1_000;

/** Of a stage: each is a commit, and more would only slow whoever lists them. @see design section 9 */
const MOST_TASKS = 200_000;

/** Where a pilot has answered no row, what a small CPU does: tasks are short rather than long. */
const FALLBACK_TOKENS_PER_SECOND = 100;

/**
 * The tokens of a task: a minute of them. More where the stage would have too many tasks; `packPieces` makes fewer
 * than twice as many as the even share.
 */
export const aimTokens = (tokensPerSecond: number, allTokens: number): number =>
  Math.max(tokensPerSecond * INFER_LIMITS.taskSeconds, (2 * allTokens) / MOST_TASKS);

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/**
 * Cuts the pieces of a stage into tasks of about a minute. Where nobody knows the speed the first is a small pilot, and
 * what is left waits in coarse tasks that are cut behind it.
 */
export const planInferSpans = (
  loads: readonly PieceLoad[],
  estimate: InferEstimate,
): readonly InferSpan[] => {
  const tokens = loads.map((load) => tokensOf(load, estimate));
  if (estimate.tokensPerSecond !== undefined)
    return packPieces(tokens, aimTokens(estimate.tokensPerSecond, sumOf(tokens)));
  const [pilot] = packPieces(tokens.slice(0, PILOT_PIECES), PILOT_TOKENS);
  if (pilot === undefined) return [];
  const spans: InferSpan[] = [pilot];
  for (let first = pilot.end; first < tokens.length; first += MOST_REPLACEMENTS) {
    const end = Math.min(first + MOST_REPLACEMENTS, tokens.length);
    spans.push({ first, end, weight: sumOf(tokens.slice(first, end)), waits: true });
  }
  return spans;
};

/** What a coarse task is cut into, by what the pilot has taught; `allTokens` are those of the whole stage by it. */
export const cutWaitingSpan = (
  loads: readonly PieceLoad[],
  { first, end }: Pick<PieceSpan, 'first' | 'end'>,
  learned: (TokenRates & { readonly tokensPerSecond?: number | undefined }) & { readonly allTokens: number },
): readonly PieceSpan[] => {
  const tokens = loads.slice(first, end).map((load) => tokensOf(load, learned));
  const { tokensPerSecond = FALLBACK_TOKENS_PER_SECOND, allTokens } = learned;
  return packPieces(tokens, aimTokens(tokensPerSecond, allTokens)).map((span) => ({
    ...span,
    first: first + span.first,
    end: first + span.end,
  }));
};
