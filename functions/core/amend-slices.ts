import type { Commit } from '../contract/commit.ts';
import { renderReplacementTaskId } from '../contract/ids.ts';
import type { PinnedInput } from '../contract/pinned-input.ts';
import type { RangeChain } from '../contract/range-chain.ts';
import type { SliceRange, Task, TaskOf } from '../contract/task.ts';
import { type ChainVerdict, judgeChain } from './judge-chain.ts';
import { weighRanges } from './plan-slices.ts';

/**
 * The law: a row counts once, from a task whose cuts are all proved, and so does an error. A commit whose cut
 * was wrong is void with all that it says, rows and rejects; an attempt that failed on rows of a guessed cut, or
 * that would give them to a function of a user, commits none of them (`isUnread`), and once the chain has reached
 * its range a task that begins at the proven row reads it again: the errors of that one count.
 */
export type SliceVerdict =
  | { readonly kind: 'proved' }
  | {
      readonly kind: 'amend';
      /** In task order. */
      readonly void: readonly string[];
      /** Each in the place of one void task; together they read all that the void ones had to. */
      readonly tasks: readonly TaskOf<'ranges'>[];
      readonly reason: string;
    };

/**
 * Whether an error of this task's rows may come from a wrong cut: the attempt then commits an empty block
 * with unread chains instead of failing. Errors that no row causes (a changed file, an abort) always fail it.
 */
export const hasGuessedCut = (task: Task): boolean =>
  task.kind === 'ranges' && task.ranges.some(({ startsAt }) => startsAt === 'guess');

/** What an attempt that delivers no rows says of its ranges; see {@link RangeChain}. */
export const markUnread = (chains: readonly RangeChain[]): RangeChain[] =>
  chains.map((chain) => ({ ...chain, isUnread: true }));

/** A range of a task, what was found out about it, and what becomes of it. */
type Entry = {
  readonly task: string;
  readonly range: SliceRange;
  readonly chain: RangeChain;
  /** Whether the chain proves where the range begins. */
  isReached: boolean;
  /** What is read in its place; undefined where it stands. */
  instead: readonly SliceRange[] | undefined;
};

/** A task's ranges in order: an entry each, or the range itself where a file is whole and needs no proof. */
type TaskEntries = {
  readonly task: string;
  readonly items: readonly (Entry | SliceRange)[];
  readonly isUnread: boolean;
};

const isEntry = (item: Entry | SliceRange): item is Entry => 'chain' in item;

/**
 * Judges the cuts of all files over the committed tasks of a stage, which come in task order and hold every
 * range of the input once. A break gives the broken range alone to a task that begins at the proven row, in
 * the hope that later cuts are right; a second break in a file gives it the rest of the file.
 */
export const amendSlices = (
  input: PinnedInput,
  tasks: readonly Task[],
  commits: readonly Pick<Commit, 'task' | 'chains'>[],
): SliceVerdict => {
  const chainsOf = new Map(commits.map(({ task, chains }) => [task, chains ?? []]));
  const entered = tasks.flatMap((task) =>
    task.kind === 'ranges' ? [enterTask(task, chainsOf.get(task.task) ?? [])] : [],
  );
  const byFile = new Map<number, Entry[]>();
  for (const entry of entered.flatMap(({ items }) => items.filter(isEntry))) {
    const entries = byFile.get(entry.range.file);
    if (entries === undefined) byFile.set(entry.range.file, [entry]);
    else entries.push(entry);
  }
  const reasons = [...byFile].flatMap(([file, entries]) => judgeFile(input, file, entries));
  const voided = entered.filter(isVoid);
  if (voided.length === 0) return { kind: 'proved' };
  const instead = voided.flatMap(replaceTask);
  const reason = summarize(reasons, { voided: voided.length, tasks: instead.length });
  return { kind: 'amend', void: voided.map(({ task }) => task), tasks: instead, reason };
};

const enterTask = (task: TaskOf<'ranges'>, chains: readonly RangeChain[]): TaskEntries => {
  const left = [...chains];
  const items = task.ranges.map((range) => {
    if (range.startsAt === 'whole') return range;
    const chain = left.shift();
    if (chain?.file !== range.file || chain.endOffset !== range.endOffset) {
      throw new Error(
        `the commit of ${task.task} does not report the range of file ${range.file} up to ${range.endOffset}`,
      );
    }
    return { task: task.task, range, chain, isReached: false, instead: undefined };
  });
  return { task: task.task, items, isUnread: chains.some(({ isUnread }) => isUnread === true) };
};

/** Marks what the chain of a file reaches, and what must be read again; returns why. */
const judgeFile = (input: PinnedInput, file: number, entries: readonly Entry[]): readonly string[] => {
  const pinned = input.files[file];
  const [first] = entries;
  if (pinned === undefined || first === undefined)
    throw new Error(`a task reads file ${file}, which the input has not`);
  const { dataOffset } = first.range;
  const { sizeBytes, path } = pinned;
  const verdict = judgeChain({ dataOffset, sizeBytes, reports: entries.map(({ chain }) => chain) });
  const reached = verdict.kind === 'broken' ? verdict.brokenRange : entries.length;
  for (const entry of entries.slice(0, reached)) entry.isReached = true;
  switch (verdict.kind) {
    case 'proved':
      return [];
    case 'one-task':
      for (const entry of entries) entry.instead = [];
      first.instead = [{ file, startOffset: 0, endOffset: sizeBytes, dataOffset: 0, startsAt: 'whole' }];
      return [
        `${JSON.stringify(path)} has quotes that no cut can be proved with (${verdict.quotingError.cause} at byte ${verdict.quotingError.offset}), so one task reads it whole`,
      ];
    case 'broken':
      mendBreak(entries, verdict, sizeBytes);
      return [`a cut of ${JSON.stringify(path)} was wrong: a row begins at byte ${verdict.fromOffset}`];
  }
};

const mendBreak = (
  entries: readonly Entry[],
  { brokenRange, fromOffset }: Extract<ChainVerdict, { kind: 'broken' }>,
  sizeBytes: number,
): void => {
  const broken = entries[brokenRange];
  if (broken === undefined) throw new Error('a chain ends before its file, though its last range does not');
  const { file, dataOffset, endOffset } = broken.range;
  const isFirstBreak = entries.slice(1).every(({ range }) => range.startsAt === 'guess');
  const reaches = isFirstBreak && fromOffset < endOffset ? endOffset : sizeBytes;
  broken.instead = [{ file, startOffset: fromOffset, endOffset: reaches, dataOffset, startsAt: 'row' }];
  if (reaches === endOffset) return;
  for (const entry of entries.slice(brokenRange + 1)) entry.instead = [];
};

/** An unread task waits until all of its ranges are reached: before that they may be cut otherwise. */
const isVoid = ({ items, isUnread }: TaskEntries): boolean => {
  const entries = items.filter(isEntry);
  return (
    entries.some(({ instead }) => instead !== undefined) ||
    (isUnread && entries.every(({ isReached }) => isReached))
  );
};

const replaceTask = ({ task, items, isUnread }: TaskEntries): TaskOf<'ranges'>[] => {
  const ranges = items.flatMap((item) => (isEntry(item) ? (item.instead ?? [keepRange(item)]) : [item]));
  const isSame = items.every(
    (item) => !isEntry(item) || (item.instead === undefined && item.range.startsAt !== 'guess'),
  );
  if (isUnread && isSame) throw new Error(`${task} was not read, though none of its cuts is a guess`);
  if (ranges.length === 0) return [];
  return [
    {
      kind: 'ranges',
      task: renderReplacementTaskId(task, 0),
      weightBytes: weighRanges(ranges),
      ranges,
    },
  ];
};

/** A range that stands, of a void task: where it is proved, it begins at its row from now on. */
const keepRange = ({ range, chain, isReached }: Entry): SliceRange => {
  if (!isReached) return range;
  const startOffset = chain.firstRowOffset;
  // No row begins in a range that one row spans.
  return { ...range, startOffset, endOffset: Math.max(startOffset, range.endOffset), startsAt: 'row' };
};

const summarize = (
  [first, ...more]: readonly string[],
  { voided, tasks }: { readonly voided: number; readonly tasks: number },
): string => {
  if (first === undefined) {
    return `${voided === 1 ? 'the cuts of a task are' : `the cuts of ${voided} tasks are`} proved: the rows are read now`;
  }
  const others =
    more.length === 0 ? '' : `; and so in ${more.length} more ${more.length === 1 ? 'file' : 'files'}`;
  return `${first}${others}; ${voided === 1 ? 'a task runs' : `${voided} tasks run`} again as ${tasks}`;
};
