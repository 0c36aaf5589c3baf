import path from 'node:path';
import { type PinnedFile, type PinnedInput, readPathOf } from '../../contract/pinned-input.ts';
import type { RangeChain } from '../../contract/range-chain.ts';
import type { SliceRange, TaskOf } from '../../contract/task.ts';
import { markUnread } from '../../core/amend-slices.ts';
import { judgeRowFormat } from '../../core/row-format.ts';
import { renderReadInput } from '../../sql/read-input.ts';
import type { ReadInputOptions } from '../../sql/reader-options.ts';
import { copyRange } from './copy-range.ts';

/**
 * A task's share of the input, ready for DuckDB. `input` is the pinned input with the task's files alone: a
 * copy stands in for a range, and keeps the folders' values and the name of its file, so that
 * `renderReadInput` and `collectRejects` take it as they take a whole input. Rejects of a copy have the
 * byte offset of the file and no line.
 */
export type OpenSlice = {
  readonly input: PinnedInput;
  /** For the session: copies, and files that are read in place. */
  readonly readablePaths: readonly string[];
  /** Of each range that was copied, in the order of the task; the commit carries them. */
  readonly chains: readonly RangeChain[];
  /**
   * Whether there is something to read. False where a range met a quoting error: the attempt commits an
   * empty block, no rows and `chains`, and seal gives the file to one task.
   */
  readonly isReadable: boolean;
  /**
   * Rows that the slice has by the byte chain, rejects included, or by the footers; undefined where a text
   * file is read whole, or nothing is readable.
   */
  readonly rowsByChain?: number;
  readonly render: (options: ReadInputOptions) => string;
};

/**
 * Opens what a task reads: copies its byte ranges to new files in `scratchDir`, which the caller removes.
 * Fails with InputChangedError, or the system's own error where the disk is full.
 */
export const openSlice = async (
  input: PinnedInput,
  task: TaskOf<'ranges' | 'rows'>,
  scratchDir: string,
): Promise<OpenSlice> =>
  task.kind === 'rows' ? openRows(input, task) : openRanges(input, task.ranges, scratchDir);

const fileOf = (input: PinnedInput, index: number): PinnedFile => {
  const file = input.files[index];
  if (file === undefined) throw new Error(`the task reads file ${index} of ${input.files.length}`);
  return file;
};

const openFiles = (
  input: PinnedInput,
  files: PinnedFile[],
): Pick<OpenSlice, 'input' | 'readablePaths' | 'render'> => {
  const sliced = { ...input, files };
  return {
    input: sliced,
    readablePaths: files.map(readPathOf),
    render: (options) => renderReadInput(sliced, options),
  };
};

const openRows = (input: PinnedInput, task: TaskOf<'rows'>): OpenSlice => {
  const files = task.rows.map(({ file: index, firstRow, rows }): PinnedFile => {
    const file = fileOf(input, index);
    if (firstRow === 0 && rows === file.rows) return file;
    return { ...file, rows, readRows: [firstRow, firstRow + rows] };
  });
  const rowsByChain = task.rows.reduce((total, { rows }) => total + rows, 0);
  return { ...openFiles(input, files), chains: [], isReadable: true, rowsByChain };
};

const openRanges = async (
  input: PinnedInput,
  ranges: readonly SliceRange[],
  scratchDir: string,
): Promise<OpenSlice> => {
  const files: PinnedFile[] = [];
  const chains: RangeChain[] = [];
  let rowsByChain = 0;
  for (const [index, range] of ranges.entries()) {
    const file = fileOf(input, range.file);
    if (range.startsAt === 'whole') {
      files.push(file);
      continue;
    }
    const {
      report,
      path: copied,
      sizeBytes,
    } = await copyRange(
      {
        ...range,
        startsAt: range.startsAt,
        path: file.path,
        sizeBytes: file.sizeBytes,
        format: formatOf(input, file),
      },
      path.join(scratchDir, `range-${index}`),
    );
    chains.push({ ...report, file: range.file });
    rowsByChain += report.rows + (countsBlankRows(input, file) ? report.blankRows : 0);
    // A copy of no row at all is a row of NULL to nobody: DuckDB need not open it.
    if (copied !== undefined && sizeBytes > 0)
      files.push({ ...file, copy: { path: copied, startOffset: report.firstRowOffset } });
  }
  const isReadable = chains.every(({ quotingError }) => quotingError === undefined);
  const isCounted = isReadable && chains.length === ranges.length;
  return {
    ...openFiles(input, files),
    chains: isReadable ? chains : markUnread(chains),
    isReadable,
    ...(isCounted ? { rowsByChain } : {}),
  };
};

const formatOf = (input: PinnedInput, file: PinnedFile) => {
  const verdict = judgeRowFormat(input, file);
  if (verdict.isSplittable) return verdict.format;
  throw new Error(
    `a range of ${JSON.stringify(file.path)}, which cannot be cut: ${verdict.reasons.join('; ')}`,
  );
};

/** A blank line is a row of a text, and of a CSV file with one column; elsewhere it is none. */
const countsBlankRows = (input: PinnedInput, file: PinnedFile): boolean => {
  if (input.format === 'text') return true;
  return 'layouts' in input && input.layouts?.[file.layout ?? -1]?.length === 1;
};
