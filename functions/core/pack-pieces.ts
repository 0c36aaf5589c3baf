/** Adjacent pieces [first, end) of a stage, numbered through all its blocks, and what they weigh together. */
export type PieceSpan = { readonly first: number; readonly end: number; readonly weight: number };

/**
 * Packs adjacent pieces into spans, each as large as `aim` allows, and no smaller than one piece. Covers each piece
 * once, in order; no pieces give no spans.
 */
export const packPieces = (weights: readonly number[], aim: number): readonly PieceSpan[] => {
  const spans: PieceSpan[] = [];
  let first = 0;
  let weight = 0;
  for (const [piece, own] of weights.entries()) {
    if (piece > first && weight + own > aim) {
      spans.push({ first, end: piece, weight });
      first = piece;
      weight = 0;
    }
    weight += own;
  }
  if (weights.length > first) spans.push({ first, end: weights.length, weight });
  return spans;
};
