import type { Column } from '../contract/columns.ts';
import type { BlockFormat } from '../contract/ids.ts';
import type { PlannedStage, Shuffle } from '../contract/plan.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import { isDealt } from './cut-stages.ts';
import { expectStages, type History } from './expect-stages.ts';
import { findGlobalRows } from './refuse-global-rows.ts';

/** A stage before its sizes are known: see core/cut-stages and stages/bind-shuffles. */
export type BoundCut = Pick<PlannedStage, 'opening' | 'steps' | 'shuffle'>;

/** Partitions for each task that reads them: enough for seal to pack them evenly by their true sizes. */
const PARTITIONS_PER_TASK = 4;

/** M x P stays below what an index can hold. @see design section 3 */
const MOST_CELLS = 4_000_000;
const MOST_PARTITIONS = 1024;

/** Into how many fine partitions the tasks of a stage write. */
export const choosePartitions = (tasks: number, nextTasks: number): number =>
  Math.max(1, Math.min(nextTasks * PARTITIONS_PER_TASK, MOST_PARTITIONS, Math.floor(MOST_CELLS / tasks)));

/** Functions of users are one process each: pieces small enough for all of them to have work till the end. */
const PIECE_BYTES = 32e6;
const MOST_PIECES = 64;

/** How many tasks read an input whose rows go through functions of users, where nobody asked for a number. */
const choosePieces = (inputBytes: number): number =>
  Math.max(1, Math.min(MOST_PIECES, Math.round(inputBytes / PIECE_BYTES)));

/**
 * An input of so many times the memory is not grouped by one task: most of what the engine's group_by holds while it
 * spills cannot leave memory. Measured: of 4 GB with 5.8 M groups one task fails in 512 MB, tasks of 512 MB pass.
 */
const MOST_MEMORIES = 4;
const MOST_LARGE_PIECES = 1000;

const gathers = ({ kind }: PlannedStep): boolean =>
  kind === 'group_by' || kind === 'distinct' || kind === 'map_groups';

/** Slices of one input, as many as a Map has children at once. @see design section 9 */
const MOST_SLICES = 10_000;

/**
 * How many tasks read the input where nobody asked for a number: as few as its functions and the memory allow, or
 * where each task has a machine of its own, one for `sliceBytes`.
 */
export const chooseMapTasks = (job: {
  readonly steps: readonly PlannedStep[];
  readonly hasModules: boolean;
  readonly inputBytes: number;
  readonly memoryBytes: number;
  readonly sliceBytes?: number | undefined;
}): number => {
  const { inputBytes, memoryBytes, sliceBytes } = job;
  const mayCut = findGlobalRows(job.steps).length === 0;
  const isLarge = inputBytes > MOST_MEMORIES * memoryBytes && job.steps.some(gathers) && mayCut;
  return Math.max(
    job.hasModules ? choosePieces(inputBytes) : 1,
    isLarge ? Math.min(MOST_LARGE_PIECES, Math.ceil(inputBytes / memoryBytes)) : 1,
    mayCut && sliceBytes !== undefined ? Math.min(MOST_SLICES, Math.ceil(inputBytes / sliceBytes)) : 1,
  );
};

/** How many tasks a stage is cut into by the bytes that it reads, `most` at most. */
export const countTasks = (bytes: number, taskBytes: number, most: number): number =>
  Math.max(1, Math.min(most, Math.ceil(bytes / taskBytes)));

/** How many tasks read what a shuffle wrote: one where all rows are in one partition. */
const tasksAfter = (shuffle: Shuffle, reduceTasks: number): number =>
  isDealt(shuffle.step) ? shuffle.partitions : Math.min(shuffle.partitions, reduceTasks);

/**
 * Gives the cuts of a job their sizes. The first one reads the input in `mapTasks` tasks, each later one what
 * the shuffle before it wrote.
 */
export const planStages = (options: {
  readonly cuts: readonly BoundCut[];
  readonly inputColumns: readonly string[];
  readonly columns: readonly Column[];
  readonly mapTasks: number;
  readonly reduceTasks: number;
  readonly inputFormat: string;
  readonly inputBytes: number;
  readonly outputFormat: BlockFormat;
  readonly history: History;
}): readonly PlannedStage[] => {
  const { cuts } = options;
  const kinds = cuts.map((_, index): PlannedStage['kind'] => (index === 0 ? 'map' : 'reduce'));
  const expectations = expectStages({ ...options, kinds });
  return cuts.map((cut, index): PlannedStage => {
    const before = index === 0 ? undefined : cuts[index - 1]?.shuffle;
    const expected = expectations[index];
    return {
      kind: index === 0 ? 'map' : 'reduce',
      tasks: before === undefined ? options.mapTasks : tasksAfter(before, options.reduceTasks),
      ...(index === 0 ? { inputColumns: [...options.inputColumns], inputBytes: options.inputBytes } : {}),
      ...cut,
      columns: [...(cut.shuffle?.columns ?? options.columns)],
      format: cut.shuffle === undefined ? options.outputFormat : 'arrow',
      ...(expected === undefined ? {} : { expected }),
    };
  });
};
