import type { PinnedFile } from '../contract/pinned-input.ts';
import { TEXT_DELIMITER } from '../sql/read-lines.ts';
import { readDecompressed } from './read-head.ts';

const RETURN = 0x0d;
const DELIMITER = Buffer.from(TEXT_DELIMITER);

/** Looks for the noncharacter that stands for "no delimiter" in a text that comes in chunks cut anywhere. */
export type DelimiterScan = { readonly push: (chunk: Uint8Array) => void; readonly hasFound: () => boolean };

export const createDelimiterScan = (): DelimiterScan => {
  let tail = Buffer.alloc(0);
  let hasFound = false;
  return {
    push: (chunk) => {
      if (hasFound) return;
      const part = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const seam = Buffer.concat([tail, part.subarray(0, DELIMITER.length)]);
      hasFound = part.includes(DELIMITER) || seam.includes(DELIMITER);
      // A copy: the chunk is the caller's again after this call.
      tail = Buffer.concat([tail, part.subarray(1 - DELIMITER.length)]).subarray(1 - DELIMITER.length);
    },
    hasFound: () => hasFound,
  };
};

/**
 * Whether DuckDB can stream a text file line by line as it is. It cannot where the file holds a carriage return, for
 * DuckDB 1.5.5 loses or adds empty lines at the borders of its buffers there, or the noncharacter that stands for "no
 * delimiter". Reads the file once, to the first of these; memory is a chunk. Throws InputFormatError.
 */
export const isStreamable = async (file: PinnedFile): Promise<boolean> => {
  const delimiter = createDelimiterScan();
  for await (const part of readDecompressed(file)) {
    delimiter.push(part);
    if (delimiter.hasFound() || part.includes(RETURN)) return false;
  }
  return true;
};
