import type { PinnedFile } from '../contract/pinned-input.ts';
import { TEXT_DELIMITER } from '../sql/read-lines.ts';
import { openDecompressed } from './read-head.ts';

const RETURN = 0x0d;
const DELIMITER = Buffer.from(TEXT_DELIMITER);

/**
 * Whether a text file cannot be streamed line by line: it holds a carriage return, where DuckDB 1.5.5
 * loses or adds empty lines at the borders of its buffers, or the noncharacter that stands for "no delimiter".
 * Reads the file once, to the first of these; memory is a chunk.
 */
export const hasIrregularLines = async (file: Pick<PinnedFile, 'path' | 'compression'>): Promise<boolean> => {
  let tail: Buffer = Buffer.alloc(0);
  for await (const part of openDecompressed(file) as AsyncIterable<Buffer>) {
    if (part.includes(RETURN) || part.includes(DELIMITER)) return true;
    if (Buffer.concat([tail, part.subarray(0, DELIMITER.length)]).includes(DELIMITER)) return true;
    tail = part.subarray(1 - DELIMITER.length);
  }
  return false;
};
