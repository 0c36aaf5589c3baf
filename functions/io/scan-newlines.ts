import type { PinnedFile } from '../contract/pinned-input.ts';
import { TEXT_DELIMITER } from '../sql/read-input.ts';
import { openDecompressed } from './read-head.ts';

const FEED = 0x0a;
const RETURN = 0x0d;
const DELIMITER = Buffer.from(TEXT_DELIMITER);

/**
 * Whether a text file cannot be streamed line by line by DuckDB: its line ends are not all LF, all CR LF
 * or all CR, or it holds the noncharacter that stands for "no delimiter". Reads the file once; memory is a chunk.
 */
export const hasIrregularLines = async (file: PinnedFile): Promise<boolean> => {
  let kind: 'feed' | 'pair' | 'return' | undefined;
  let endsWithReturn = false;
  let tail: Buffer = Buffer.alloc(0);
  const meet = (found: 'feed' | 'pair' | 'return'): boolean => {
    kind ??= found;
    return kind === found;
  };
  for await (const part of openDecompressed(file) as AsyncIterable<Buffer>) {
    if (Buffer.concat([tail, part]).includes(DELIMITER)) return true;
    tail = part.subarray(-3);
    let index = 0;
    if (endsWithReturn) {
      if (!meet(part[0] === FEED ? 'pair' : 'return')) return true;
      if (part[0] === FEED) index = 1;
    }
    endsWithReturn = false;
    if (kind !== 'pair' && part.indexOf(RETURN) < 0) {
      if (part.indexOf(FEED, index) >= 0 && !meet('feed')) return true;
      continue;
    }
    while (index < part.length) {
      const feed = part.indexOf(FEED, index);
      const back = part.indexOf(RETURN, index);
      if (feed < 0 && back < 0) break;
      if (back < 0 || (feed >= 0 && feed < back)) {
        if (!meet('feed')) return true;
        index = feed + 1;
      } else if (back === part.length - 1) {
        endsWithReturn = true;
        break;
      } else {
        if (!meet(part[back + 1] === FEED ? 'pair' : 'return')) return true;
        index = back + (part[back + 1] === FEED ? 2 : 1);
      }
    }
  }
  return endsWithReturn && !meet('return');
};
