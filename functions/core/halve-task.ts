import { renderReplacementTaskId } from '../contract/ids.ts';
import type { PinnedInput } from '../contract/pinned-input.ts';
import type { SliceRange, SliceRows, Task, TaskOf } from '../contract/task.ts';
import { weighRanges } from './plan-slices.ts';

/** What reads less than this did not outgrow its machine by what it reads. */
export const LEAST_BYTES = 8_192;

/** Where a task's partitions begin and end, and the part of their keys that it takes. */
export type PartitionSpan = Pick<TaskOf<'partitions'>, 'first' | 'end' | 'share'>;

/**
 * The two halves of a task that outgrew its machine, which together read what it had to read, each row once; undefined
 * where it cannot be cut any more. A text is cut at a guess, which seal proves as it does every other.
 */
export const halveTask = (input: PinnedInput, task: Task): readonly Task[] | undefined => {
  if (task.weightBytes < LEAST_BYTES) return undefined;
  if (task.kind === 'ranges') return halveRanges(task);
  if (task.kind === 'rows') return halveRows(input, task);
  return undefined;
};

const halveRanges = (task: TaskOf<'ranges'>): readonly Task[] | undefined => {
  const [left, right] =
    task.ranges.length > 1
      ? splitList(task.ranges, ({ startOffset, endOffset }) => endOffset - startOffset)
      : cutRange(task.ranges[0]);
  if (left.length === 0 || right.length === 0) return undefined;
  return [left, right].map((ranges, index) => ({
    kind: 'ranges',
    task: renderReplacementTaskId(task.task, index),
    weightBytes: weighRanges(ranges),
    ranges: [...ranges],
  }));
};

type Halves<Item> = readonly [readonly Item[], readonly Item[]];

/** Of a list, neighbours stay neighbours; neither half is empty. */
const splitList = <Item>(items: readonly Item[], sizeOf: (item: Item) => number): Halves<Item> => {
  const total = items.reduce((sum, item) => sum + sizeOf(item), 0);
  let end = 1;
  let size = sizeOf(items[0] as Item); // a list of two at least
  while (end < items.length - 1 && size + sizeOf(items[end] as Item) / 2 <= total / 2) {
    size += sizeOf(items[end] as Item);
    end += 1;
  }
  return [items.slice(0, end), items.slice(end)];
};

const cutRange = (range: SliceRange | undefined): Halves<SliceRange> => {
  const middle = range === undefined ? 0 : Math.floor((range.startOffset + range.endOffset) / 2);
  if (range === undefined || range.startsAt === 'whole' || middle <= range.startOffset) return [[], []];
  return [[{ ...range, endOffset: middle }], [{ ...range, startOffset: middle, startsAt: 'guess' }]];
};

const halveRows = (input: PinnedInput, task: TaskOf<'rows'>): readonly Task[] | undefined => {
  const [left, right] =
    task.rows.length > 1 ? splitList(task.rows, ({ rows }) => rows) : cutRows(input, task.rows[0]);
  if (left.length === 0 || right.length === 0) return undefined;
  const sum = (list: readonly SliceRows[]): number => list.reduce((total, { rows }) => total + rows, 0);
  const share = sum(left) / Math.max(1, sum(left) + sum(right));
  const leftBytes = Math.floor(task.weightBytes * share);
  const { prunedRows } = task;
  return [left, right].map((rows, index) => ({
    kind: 'rows',
    task: renderReplacementTaskId(task.task, index),
    weightBytes: index === 0 ? leftBytes : task.weightBytes - leftBytes,
    rows: [...rows],
    // Counted once, as before.
    ...(index === 0 && prunedRows !== undefined ? { prunedRows } : {}),
  }));
};

/** Parquet is read by row numbers, wherever a row group ends; a record batch of Arrow is read whole. */
const cutRows = ({ format }: PinnedInput, run: SliceRows | undefined): Halves<SliceRows> => {
  if (run === undefined || run.rows < 2 || format !== 'parquet') return [[], []];
  const rows = Math.floor(run.rows / 2);
  return [[{ ...run, rows }], [{ ...run, firstRow: run.firstRow + rows, rows: run.rows - rows }]];
};

/** A partition's keys are shared by at most so many tasks: each of them reads the whole partition. */
const MOST_SHARES = 256;

/**
 * The two halves of a task over partitions: its partitions, or where it has one the keys of that. Undefined where no
 * column decides which rows must meet, or one group alone is too large for any share of the keys.
 */
export const halveSpan = (
  { first, end, share }: PartitionSpan,
  by: readonly string[],
): readonly PartitionSpan[] | undefined => {
  if (end - first > 1) {
    const middle = first + Math.ceil((end - first) / 2);
    return [
      { first, end: middle },
      { first: middle, end },
    ];
  }
  const { index, of } = share ?? { index: 0, of: 1 };
  if (by.length === 0 || 2 * of > MOST_SHARES) return undefined;
  return [
    { first, end, share: { index, of: 2 * of } },
    { first, end, share: { index: index + of, of: 2 * of } },
  ];
};
