import { open, rm } from 'node:fs/promises';
import type { RangeReport } from '../../core/judge-chain.ts';
import { writeAll } from '../write-all.ts';
import { type FileRange, readRange } from './read-range.ts';

/** A range's rows, byte for byte unless rewritten, in a file that DuckDB can read whole: without a header. */
export type RangeCopy = {
  readonly report: RangeReport;
  /** Absent where the range met a quoting error: its file runs as one task. */
  readonly path?: string;
  readonly sizeBytes: number;
};

/** What is written in the place of bytes. */
export type Rewrite = (bytes: Uint8Array) => Uint8Array;

const asTheyAre: Rewrite = (bytes) => bytes;

/**
 * Copies the rows of a range to `targetPath`, which must not exist, in the same pass that finds them.
 * Memory is two chunks. Throws InputChangedError, and the system's own error where the disk is full;
 * then and after a quoting error nothing is left at `targetPath`.
 */
export const copyRange = async (
  range: FileRange,
  targetPath: string,
  rewrite: Rewrite = asTheyAre,
): Promise<RangeCopy> => {
  const target = await open(targetPath, 'wx');
  let isKept = false;
  try {
    let sizeBytes = 0;
    const report = await readRange(range, async (found) => {
      const bytes = rewrite(found);
      await writeAll(target, bytes);
      sizeBytes += bytes.length;
    });
    isKept = report.quotingError === undefined;
    return isKept ? { report, path: targetPath, sizeBytes } : { report, sizeBytes: 0 };
  } finally {
    await target.close();
    if (!isKept) await rm(targetPath, { force: true });
  }
};
