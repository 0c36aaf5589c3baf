import type { DuckDBConnection } from '@duckdb/node-api';
import { renderTaskId } from '../../contract/ids.ts';
import type {
  PinnedArrowInput,
  PinnedFile,
  PinnedInput,
  PinnedParquetInput,
} from '../../contract/pinned-input.ts';
import type { SliceRange, SliceRows, Task, TaskOf } from '../../contract/task.ts';
import { fitSlices } from '../../core/fit-slices.ts';
import {
  CUT_FROM_TARGETS,
  planRowGroupSlices,
  planTextRanges,
  type RowGroup,
  type TextFileSize,
  weighRanges,
} from '../../core/plan-slices.ts';
import { judgeRowFormat, MAGIC_BYTES } from '../../core/row-format.ts';
import { type OpenBytes, readFully } from '../byte-source.ts';
import { type InputLook, LOOK_IN_PLACE } from '../input-look.ts';
import { mapBounded } from '../map-bounded.ts';
import { findDataOffset } from './find-data-offset.ts';
import { readArrowBatches } from './read-arrow-batches.ts';
import { type PlacedRowGroup, type RowGroupRequest, readRowGroups } from './read-row-groups.ts';

export type SliceOptions = RowGroupRequest & {
  /** How many are wanted: where the input cannot be cut so far there are fewer. */
  readonly tasks: number;
  /** Default: where the files lie. */
  readonly look?: InputLook;
};

/**
 * Cuts an input into the tasks of a map stage, in the order of the input; each row is in exactly one. Text
 * goes by byte ranges, Parquet by row groups weighed by the needed columns, Arrow by record batches. Reads the
 * heads of those text files that it cuts, the footers of Parquet files and the headers of record batches; row
 * groups that `rowGroupFilter` rules out are in none.
 */
export const planInputSlices = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  options: SliceOptions,
): Promise<readonly Task[]> =>
  input.format === 'parquet' || input.format === 'arrow'
    ? planRows(connection, input, options)
    : planRanges(input, options);

const WHOLE = { startOffset: 0, dataOffset: 0, startsAt: 'whole' } as const;

/** Heads of large files that are looked at together: enough to hide the way to S3. */
const SIZED_AT_ONCE = 16;

type SizedFile = TextFileSize & { readonly index: number };

/** Empty files have no rows, but where a file is a row. */
const hasRows = (input: PinnedInput, file: PinnedFile): boolean => {
  if (input.format === 'csv' || input.format === 'tsv') return file.layout !== undefined;
  return file.sizeBytes > 0 || (input.format === 'text' && input.text.rows === 'file');
};

const planRanges = async (
  input: PinnedInput,
  { tasks, look = LOOK_IN_PLACE }: SliceOptions,
): Promise<readonly TaskOf<'ranges'>[]> => {
  const allBytes = input.files.reduce((bytes, file) => bytes + file.sizeBytes, 0);
  const indexed = [...input.files.entries()].filter(([, file]) => hasRows(input, file));
  const sized = await mapBounded(indexed, SIZED_AT_ONCE, async ([index, file]): Promise<SizedFile> => {
    const isLarge = file.sizeBytes >= (CUT_FROM_TARGETS * allBytes) / tasks;
    return { index, ...(isLarge ? await sizeFile(input, file, look.openBytes) : sizeWhole(file)) };
  });
  const totalBytes = sized.reduce((bytes, file) => bytes + file.sizeBytes - file.dataOffset, 0);
  const slices = fitSlices({ tasks, totalBytes }, (target) => planTextRanges(sized, target));
  const pieces = new Map<number, number>();
  for (const { file } of slices.flatMap(({ ranges }) => ranges))
    pieces.set(file, (pieces.get(file) ?? 0) + 1);
  const lists = slices.map(({ ranges }) =>
    ranges.map((range): SliceRange => {
      const { index, dataOffset, sizeBytes } = sized[range.file] ?? missing();
      if (pieces.get(range.file) === 1) return { file: index, ...WHOLE, endOffset: sizeBytes };
      const startsAt = range.startOffset === dataOffset ? 'row' : 'guess';
      return { ...range, file: index, dataOffset, startsAt };
    }),
  );
  // A stage has a task even where the input has no row.
  if (lists.length === 0) lists.push([{ file: 0, ...WHOLE, endOffset: input.files[0]?.sizeBytes ?? 0 }]);
  return lists.map((ranges, index) => ({
    kind: 'ranges',
    task: renderTaskId(index),
    weightBytes: weighRanges(ranges),
    ranges,
  }));
};

const missing = (): never => {
  throw new Error('a slice names a file that was not sized');
};

const sizeWhole = ({ sizeBytes }: PinnedFile): TextFileSize => ({
  sizeBytes,
  dataOffset: 0,
  isSplittable: false,
});

/** Finds out whether a large file can be cut, and where its rows begin. */
const sizeFile = async (
  input: PinnedInput,
  file: PinnedFile,
  openBytes: InputLook['openBytes'],
): Promise<TextFileSize> => {
  const openFile: OpenBytes = (span) => openBytes(file, span);
  const verdict = judgeRowFormat(input, file, await readMagic(openFile));
  if (!verdict.isSplittable) return sizeWhole(file);
  const skippedRows = 'csv' in input ? input.csv.skip + (input.csv.header ? 1 : 0) : 0;
  const { dataOffset, quotingError } = await findDataOffset(openFile, verdict.format, skippedRows);
  if (quotingError !== undefined || dataOffset >= file.sizeBytes) return sizeWhole(file);
  return { sizeBytes: file.sizeBytes, dataOffset, isSplittable: true };
};

const readMagic = async (openBytes: OpenBytes): Promise<Uint8Array> => {
  const file = await openBytes({ from: 0, until: MAGIC_BYTES });
  try {
    return await readFully(file, Buffer.alloc(MAGIC_BYTES), 0);
  } finally {
    await file.close();
  }
};

const planRows = async (
  connection: DuckDBConnection,
  input: PinnedParquetInput | PinnedArrowInput,
  options: SliceOptions,
): Promise<readonly TaskOf<'rows'>[]> => {
  const { tasks } = options;
  const all =
    input.format === 'arrow'
      ? readArrowBatches(input, options.columns)
      : await readRowGroups(connection, input, options);
  const groups = all.filter(({ mayMatch }) => mayMatch);
  const sumRows = (of: readonly RowGroup[]): number => of.reduce((total, { rows }) => total + rows, 0);
  const prunedRows = sumRows(all) - sumRows(groups);
  const allBytes = groups.reduce((bytes, group) => bytes + group.columnBytes, 0);
  // Where no column is needed, rows are all the work there is.
  const weighed = allBytes > 0 ? groups : groups.map((group) => ({ ...group, columnBytes: group.rows }));
  const totalBytes = weighed.reduce((bytes, group) => bytes + group.columnBytes, 0);
  const slices = fitSlices({ tasks, totalBytes }, (target) => planRowGroupSlices(weighed, target));
  const lists = slices.map(({ rowGroups, sizeBytes }) => ({
    weightBytes: sizeBytes,
    rows: joinRuns(rowGroups),
  }));
  if (lists.length === 0) lists.push({ weightBytes: 0, rows: [{ file: 0, firstRow: 0, rows: 0 }] });
  return lists.map((list, index) => ({
    kind: 'rows',
    task: renderTaskId(index),
    ...list,
    // The first task counts for all what no task reads.
    ...(index === 0 && prunedRows > 0 ? { prunedRows } : {}),
  }));
};

/** Joins row groups of a file that lie one behind the other, or record batches. */
const joinRuns = (groups: readonly PlacedRowGroup[]): SliceRows[] => {
  const runs: SliceRows[] = [];
  for (const { file, firstRow, rows, batches } of groups) {
    const last = runs.at(-1);
    if (last?.file === file && last.firstRow + last.rows === firstRow)
      runs[runs.length - 1] = { ...last, rows: last.rows + rows, ...joinBatches(last.batches, batches) };
    else runs.push({ file, firstRow, rows, ...joinBatches(batches, batches) });
  }
  return runs;
};

type Batches = readonly [number, number] | undefined;

const joinBatches = (before: Batches, batches: Batches): Pick<SliceRows, 'batches'> =>
  before === undefined || batches === undefined ? {} : { batches: [before[0], batches[1]] };
