import { open } from 'node:fs/promises';
import { LimitError } from '../../contract/errors-input.ts';
import { INPUT_LIMITS, type PinnedFile } from '../../contract/pinned-input.ts';
import { createLineNormalizer, type LineEndFacts } from '../../core/normalize-lines.ts';
import { readDecompressed } from '../read-head.ts';
import { createDelimiterScan, isStreamable } from '../scan-newlines.ts';
import { writeAll } from '../write-all.ts';

/**
 * The law: LF, CR LF and CR each end a line of text. DuckDB streams lines that end with LF, so whoever copies text
 * writes LF in the place of each of them; a file that holds nothing else is read in place.
 */
export type TextRewrite = {
  /** What is written in the place of a chunk. */
  readonly push: (chunk: Uint8Array) => Uint8Array;
  readonly facts: () => LineEndFacts & { readonly hasDelimiter: boolean };
};

export const createTextRewrite = (): TextRewrite => {
  const lines = createLineNormalizer();
  const delimiter = createDelimiterScan();
  return {
    push: (chunk) => {
      delimiter.push(chunk);
      return lines.push(chunk);
    },
    facts: () => ({ ...lines.facts(), hasDelimiter: delimiter.hasFound() }),
  };
};

/** What a rewritten copy means for its file. Throws LimitError where it must be read whole and is too large. */
export const describeRewrite = (
  file: PinnedFile,
  { facts }: TextRewrite,
  sizeBytes: number,
): Pick<PinnedFile, 'newline' | 'hasOtherOffsets' | 'isIrregular'> => {
  const { hasReturns, hasDelimiter } = facts();
  if (hasDelimiter && sizeBytes > INPUT_LIMITS.wholeFileBytes)
    throw new LimitError({
      what: `bytes of a slice of the text file ${JSON.stringify(file.path)}, which holds the noncharacter U+10FFFF and is read whole`,
      found: String(sizeBytes),
      limit: String(INPUT_LIMITS.wholeFileBytes),
      advice: 'take the noncharacter out, or cut the input into more tasks',
    });
  return {
    newline: '\n',
    ...(hasReturns ? { hasOtherOffsets: true } : {}),
    ...(hasDelimiter ? { isIrregular: true } : {}),
  };
};

/**
 * Makes a whole text file one that DuckDB can stream: the file itself, or a copy at `targetPath`, which must not
 * exist. Reads it once, a second time where it is copied; memory is a chunk. Throws InputFormatError, LimitError.
 */
export const settleText = async (file: PinnedFile, targetPath: string): Promise<PinnedFile> => {
  if (file.sizeBytes === 0 || (await isStreamable(file))) return file;
  const rewrite = createTextRewrite();
  const target = await open(targetPath, 'wx');
  let sizeBytes = 0;
  try {
    for await (const part of readDecompressed(file)) {
      const bytes = rewrite.push(part);
      await writeAll(target, bytes);
      sizeBytes += bytes.length;
    }
  } finally {
    await target.close();
  }
  const local = { path: targetPath, compression: 'none' } as const;
  return { ...file, local, ...describeRewrite(file, rewrite, sizeBytes) };
};
