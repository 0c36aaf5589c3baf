import path from 'node:path';
import { type PinnedFile, type PinnedInput, readPathOf } from '../../contract/pinned-input.ts';
import type { RangeChain } from '../../contract/range-chain.ts';
import type { SliceRange, TaskOf } from '../../contract/task.ts';
import { markUnread } from '../../core/amend-slices.ts';
import { judgeRowFormat } from '../../core/row-format.ts';
import { renderReadInput } from '../../sql/read-input.ts';
import type { ReadInputOptions } from '../../sql/reader-options.ts';
import type { InputAccess } from '../input-access.ts';
import { mapBounded } from '../map-bounded.ts';
import { copyRange } from './copy-range.ts';
import { createTextRewrite, describeRewrite, settleText } from './settle-text.ts';

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
   * file, or a copy of some of it, is read whole, or nothing is readable.
   */
  readonly rowsByChain?: number;
  readonly render: (options: ReadInputOptions) => string;
};

/** Where a slice is opened. */
export type SlicePlace = {
  readonly access: InputAccess;
  /** The columns that the task needs. */
  readonly columns: readonly string[];
  /** Of this slice alone; the caller removes it. */
  readonly scratchDir: string;
};

/**
 * Opens what a task reads: copies its byte ranges, and what lies elsewhere or cannot be streamed as it is, to new files
 * in `scratchDir`. Fails with InputChangedError, InputFormatError, LimitError, or the system's own error where the disk
 * is full.
 */
export const openSlice = async (
  input: PinnedInput,
  task: TaskOf<'ranges' | 'rows'>,
  place: SlicePlace,
): Promise<OpenSlice> =>
  task.kind === 'rows' ? openRows(input, task, place) : openRanges(input, task.ranges, place);

/** Opens all files of an input whole, as {@link openSlice} does. */
export const openWhole = async (input: PinnedInput, place: SlicePlace): Promise<PinnedInput> => {
  const brought = await place.access.bring(input, place.columns);
  if (brought.format !== 'text' || brought.text.rows === 'file') return brought;
  const settle = (file: PinnedFile, index: number): Promise<PinnedFile> =>
    settleText(file, path.join(place.scratchDir, `lines-${index}`));
  return { ...brought, files: await mapBounded(brought.files, SETTLED_AT_ONCE, settle) };
};

/** Files of text that are looked through at once: enough to hide a disk's latency where there are many. */
const SETTLED_AT_ONCE = 4;

const fileOf = (input: PinnedInput, index: number): PinnedFile => {
  const file = input.files[index];
  if (file === undefined) throw new Error(`the task reads file ${index} of ${input.files.length}`);
  return file;
};

const openFiles = (sliced: PinnedInput): Pick<OpenSlice, 'input' | 'readablePaths' | 'render'> => ({
  input: sliced,
  readablePaths: sliced.files.map(readPathOf),
  render: (options) => renderReadInput(sliced, options),
});

const openRows = async (
  input: PinnedInput,
  task: TaskOf<'rows'>,
  { access, columns }: SlicePlace,
): Promise<OpenSlice> => {
  const files = task.rows.map(({ file: index, firstRow, rows, batches }): PinnedFile => {
    const file = fileOf(input, index);
    if (firstRow === 0 && rows === file.rows) return file;
    return {
      ...file,
      rows,
      readRows: [firstRow, firstRow + rows],
      ...(batches === undefined ? {} : { readBatches: batches }),
    };
  });
  const rowsByChain = task.rows.reduce((total, { rows }) => total + rows, 0);
  const brought = await access.bring({ ...input, files }, columns);
  return { ...openFiles(brought), chains: [], isReadable: true, rowsByChain };
};

const openRanges = async (
  input: PinnedInput,
  ranges: readonly SliceRange[],
  place: SlicePlace,
): Promise<OpenSlice> => {
  const whole = ranges.filter(({ startsAt }) => startsAt === 'whole');
  const wholeFiles = whole.map(({ file }) => fileOf(input, file));
  const opened = [...(await openWhole({ ...input, files: wholeFiles }, place)).files];
  const files: PinnedFile[] = [];
  const chains: RangeChain[] = [];
  let rowsByChain = 0;
  let isCounted = whole.length === 0;
  for (const [index, range] of ranges.entries()) {
    if (range.startsAt === 'whole') {
      files.push(opened.shift() ?? missing());
      continue;
    }
    const copied = await copyTaskRange(
      input,
      { ...range, startsAt: range.startsAt },
      { access: place.access, target: path.join(place.scratchDir, `range-${index}`) },
    );
    chains.push(copied.chain);
    rowsByChain += copied.rows;
    if (copied.file !== undefined) files.push(copied.file);
    if (copied.file?.isIrregular === true) isCounted = false;
  }
  const isReadable = chains.every(({ quotingError }) => quotingError === undefined);
  return {
    ...openFiles({ ...input, files }),
    chains: isReadable ? chains : markUnread(chains),
    isReadable,
    ...(isReadable && isCounted ? { rowsByChain } : {}),
  };
};

const missing = (): never => {
  throw new Error('fewer files were opened than the task reads whole');
};

type CutRange = SliceRange & { readonly startsAt: 'row' | 'guess' };
type CopiedRange = {
  readonly chain: RangeChain;
  /** By the bytes: lines of text where that is what rows are. */
  readonly rows: number;
  /** Absent where no row begins in the range: DuckDB need not open an empty copy. */
  readonly file: PinnedFile | undefined;
};

const copyTaskRange = async (
  input: PinnedInput,
  range: CutRange,
  { access, target }: { readonly access: InputAccess; readonly target: string },
): Promise<CopiedRange> => {
  const file = fileOf(input, range.file);
  const rewrite = input.format === 'text' ? createTextRewrite() : undefined;
  const { report, path, sizeBytes } = await copyRange(
    {
      ...range,
      path: file.path,
      sizeBytes: file.sizeBytes,
      format: formatOf(input, file),
      openBytes: (span) => access.openBytes(file, span),
    },
    target,
    rewrite?.push,
  );
  const extraLines = rewrite?.facts().extraLines ?? 0;
  const rows = report.rows + (countsBlankRows(input, file) ? report.blankRows : 0) + extraLines;
  const chain = { ...report, file: range.file };
  if (path === undefined || sizeBytes === 0) return { chain, rows, file: undefined };
  const copy = { path, startOffset: report.firstRowOffset };
  const changes = rewrite === undefined ? {} : describeRewrite(file, rewrite, sizeBytes);
  return { chain, rows, file: { ...file, copy, ...changes } };
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
