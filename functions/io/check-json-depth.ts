import { InputFormatError } from '../contract/errors-input.ts';
import type { PinnedFile } from '../contract/pinned-input.ts';
import { readDecompressed } from './read-head.ts';

/** DuckDB finds types by a call a level: at about 60,000 levels that ends the process. */
export const MAX_LINE_DEPTH = 25_000;

const FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Whether a line nests too deeply; one that is not closed is malformed, and a parser stops at it. */
const isTooDeep = (line: Buffer): boolean => {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < line.length; at += 1) {
    const byte = line[at] ?? FEED;
    if (isText && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) isText = !isText;
    else if (isText) continue;
    else if (OPENING.has(byte)) deepest = Math.max(deepest, ++depth);
    else if (CLOSING.has(byte)) depth -= 1;
  }
  return depth === 0 && deepest > MAX_LINE_DEPTH;
};

/**
 * Looks at the first `lines` lines of a file before DuckDB does. Throws InputFormatError for a line that nests
 * deeper than {@link MAX_LINE_DEPTH}. Only lines with that many bytes are looked at, up to `lineBytes` of each.
 */
export const refuseDeepLines = async (
  file: PinnedFile,
  { lines, lineBytes }: { readonly lines: number; readonly lineBytes: number },
): Promise<void> => {
  let line = 1;
  let filled = 0;
  let kept: Buffer[] = [];
  let keptBytes = 0;
  const endLine = (): void => {
    if (keptBytes > MAX_LINE_DEPTH && isTooDeep(Buffer.concat(kept)))
      throw new InputFormatError({
        path: file.path,
        reason: `has a value on line ${line} that nests deeper than ${MAX_LINE_DEPTH} levels, which DuckDB cannot look at; take the line out, or give jsonl.columns`,
      });
    // DuckDB samples no blank lines.
    if (keptBytes > 1) filled += 1;
    kept = [];
    keptBytes = 0;
    line += 1;
  };
  for await (const part of readDecompressed(file)) {
    for (let at = 0; at < part.length; ) {
      const feed = part.indexOf(FEED, at);
      const piece = part.subarray(at, feed < 0 ? part.length : feed);
      if (keptBytes <= lineBytes) kept.push(piece);
      keptBytes += piece.length;
      if (feed < 0) break;
      endLine();
      if (filled >= lines) return;
      at = feed + 1;
    }
  }
  endLine();
};
