const FEED = 0x0a;
const RETURN = 0x0d;

/** Puts LF in the place of every end of a line, in a text that comes in chunks cut anywhere. */
export type LineNormalizer = {
  /** The chunk, normalized; the chunk itself where nothing in it changes. */
  readonly push: (chunk: Uint8Array) => Uint8Array;
  /** Of the text so far. */
  readonly facts: () => LineEndFacts;
};

export type LineEndFacts = {
  /** Whether any line ends otherwise than with LF. */
  readonly hasReturns: boolean;
  /** Lines that end at a CR without LF, but not where that is the last byte and an open line ends anyway. */
  readonly extraLines: number;
};

/**
 * The law: CR LF, CR and LF each end a line, whatever the chunks. A text that is cut behind an LF may be
 * normalized piece by piece, and has `extraLines` more lines than it has LFs.
 */
export const createLineNormalizer = (): LineNormalizer => {
  let returns = 0;
  let pairs = 0;
  let isAfterReturn = false;
  const push = (chunk: Uint8Array): Uint8Array => {
    if (chunk.length === 0) return chunk;
    let from = 0;
    if (isAfterReturn && chunk[0] === FEED) {
      pairs += 1;
      from = 1;
    }
    isAfterReturn = chunk[chunk.length - 1] === RETURN;
    let next = chunk.indexOf(RETURN, from);
    if (next < 0) return from === 0 ? chunk : chunk.subarray(from);
    const out = new Uint8Array(chunk.length - from);
    let filled = 0;
    while (next >= 0) {
      out.set(chunk.subarray(from, next), filled);
      filled += next - from;
      out[filled++] = FEED;
      returns += 1;
      from = next + 1;
      if (chunk[from] === FEED) {
        pairs += 1;
        from += 1;
      }
      next = chunk.indexOf(RETURN, from);
    }
    out.set(chunk.subarray(from), filled);
    return out.subarray(0, filled + chunk.length - from);
  };
  const facts = (): LineEndFacts => ({
    hasReturns: returns > 0,
    extraLines: returns - pairs - (isAfterReturn ? 1 : 0),
  });
  return { push, facts };
};
