import type { InferEstimate, InferFigures } from '../contract/planned-infer.ts';
import type { PieceBlock } from './cut-piece-task.ts';

/** What a piece asks of a model, before anybody has counted its tokens. */
export type PieceLoad = { readonly rows: number; readonly characters: number };

/** How loads become tokens. */
export type TokenRates = Pick<InferEstimate, 'promptTokensPerCharacter' | 'outputTokensPerRow'>;

/** The loads of the pieces of all blocks, in the order of their numbers. */
export const loadsOf = (blocks: readonly PieceBlock[]): readonly PieceLoad[] =>
  blocks.flatMap(({ partitions, weights = [] }) =>
    partitions.map(([, , , rows], piece) => ({ rows, characters: weights[piece] ?? 0 })),
  );

/** Prompts and answers of a piece, in tokens, at least one. */
export const tokensOf = (
  { rows, characters }: PieceLoad,
  { promptTokensPerCharacter, outputTokensPerRow }: TokenRates,
): number => Math.max(1, Math.round(characters * promptTokensPerCharacter + rows * outputTokensPerRow));

/** Below it a clock says little; nothing answers faster. */
const LEAST_SECONDS = 0.001;

/**
 * What a pilot has taught of the rest: its speed, and its tokens a character and a row where its engine counts them.
 * Undefined where it answered no row.
 */
export const learnFromPilot = (
  load: PieceLoad,
  figures: InferFigures,
  assumed: TokenRates,
): (TokenRates & { readonly tokensPerSecond: number }) | undefined => {
  if (figures.rows === 0) return undefined;
  const seconds = Math.max(figures.seconds, LEAST_SECONDS);
  // Rejects have no tokens: their characters say nothing of the others'.
  const { characters = load.characters } = figures;
  if (figures.promptTokens === 0 || characters === 0)
    return { ...assumed, tokensPerSecond: tokensOf(load, assumed) / seconds };
  return {
    promptTokensPerCharacter: figures.promptTokens / characters,
    outputTokensPerRow: figures.outputTokens / figures.rows,
    tokensPerSecond: (figures.promptTokens + figures.outputTokens) / seconds,
  };
};
