import type { DuckDBConnection } from '@duckdb/node-api';
import { type PinnedInput, readPathOf } from '../contract/pinned-input.ts';
import type { Plan, PlannedStage, Shuffle } from '../contract/plan.ts';
import type { RangeChain } from '../contract/range-chain.ts';
import type { Task, TaskOf } from '../contract/task.ts';
import { registerStreamFunction } from '../io/arrow/load-stream.ts';
import { parseDuckDBType } from '../io/arrow/type-text.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { openArrowInput } from '../io/open-arrow-input.ts';
import { openBlocks } from '../io/open-blocks.ts';
import { type OpenSlice, openSlice, openWhole } from '../io/slices/open-slice.ts';
import type { StepSource } from '../sql/compile-steps.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderReadInput } from '../sql/read-input.ts';
import { openAccess } from './open-input.ts';
import type { StageContext } from './stage-context.ts';

/** How the rows of a task come into its query. */
export type TaskSource = {
  /** Files that the session may read. */
  readonly readablePaths: readonly string[];
  /** The input as the session reads it, where rows can be rejected; undefined for blocks. */
  readonly input: PinnedInput | undefined;
  readonly columns: readonly string[];
  /** Makes the rows a FROM item of the connection. */
  readonly attach: (connection: DuckDBConnection, read: ReadOptions) => StepSource;
  /** Rows that the reader itself has counted: footers, or partitions. Undefined where the query counts them. */
  readonly rowsRead: () => number | undefined;
  /** Rows by the byte chain, which the query's own count must equal; undefined where there is no chain. */
  readonly chainRows: number | undefined;
  /** What the ranges of the slice found out about their cuts. */
  readonly chains: readonly RangeChain[];
  /** False where a range met a quoting error: there is nothing to read, seal gives the file to one task. */
  readonly isReadable: boolean;
  /** The first error that reading raised, which the engine wraps. */
  readonly failure: () => unknown;
};

export type ReadOptions = { readonly tolerant: boolean; readonly scan: 'parallel' | 'serial' };

type Place = {
  readonly store: ObjectStore;
  readonly plan: Plan;
  readonly stage: PlannedStage;
  readonly index: number;
  readonly scratchDir: string;
};

/**
 * Opens what a task reads. A slice of text, text whose lines DuckDB cannot stream, input that lies in S3, and blocks of
 * a store that is not on files, are copied to the scratch folder first.
 */
export const openTaskSource = async (
  context: StageContext,
  place: Place,
  task: Task,
): Promise<TaskSource> => {
  if (task.kind === 'partitions') return openPartitions(place, task);
  const columns = place.stage.inputColumns ?? [];
  const { input } = place.plan;
  const { scratchDir } = place;
  const access = await openAccess(context, { input, scratchDir });
  if (task.kind === 'input')
    return openInput(await openWhole(input, { access, columns, scratchDir }), { columns });
  const slice = await openSlice(input, task, { access, columns, scratchDir });
  return openInput(slice.input, { columns, slice });
};

const footerRows = (input: PinnedInput): number =>
  input.files.reduce((rows, file) => rows + (file.rows ?? 0), 0);

type InputFacts = { readonly columns: readonly string[]; readonly slice?: OpenSlice };

const openInput = (input: PinnedInput, { columns, slice }: InputFacts): TaskSource => {
  if (input.format === 'arrow') return openArrowInput(input, columns);
  const isParquet = input.format === 'parquet';
  return {
    readablePaths: slice?.readablePaths ?? input.files.map(readPathOf),
    input,
    columns,
    isReadable: slice?.isReadable ?? true,
    attach: (_, read) => ({
      sql: renderReadInput(input, { ...read, columns }),
      isCounted: isParquet,
      prunes: isParquet,
      columns: input.columns.filter(({ name }) => columns.includes(name)),
    }),
    rowsRead: () => (isParquet ? (slice?.rowsByChain ?? footerRows(input)) : undefined),
    chainRows: isParquet ? undefined : slice?.rowsByChain,
    chains: slice?.chains ?? [],
    failure: () => undefined,
  };
};

/** The table function over the partitions of a task. */
const BLOCKS_FUNCTION = 'daybreak_blocks';

const openPartitions = async (
  { store, plan, index, scratchDir }: Place,
  task: TaskOf<'partitions'>,
): Promise<TaskSource> => {
  const before = plan.stages[index - 1]?.shuffle;
  const stage = plan.stageIds[index - 1];
  if (before === undefined || stage === undefined)
    throw new Error(`stage ${index} reads blocks that none wrote`);
  const blocks = await openBlocks({ store, job: plan.job, stage, scratchDir }, task);
  let failure: () => unknown = () => undefined;
  return {
    readablePaths: [],
    input: undefined,
    columns: before.columns.map(({ name }) => name),
    attach: (connection) => {
      const columns = before.columns.map(({ name, type }) => ({ name, type: parseDuckDBType(type) }));
      ({ failure } = registerStreamFunction(connection, {
        name: BLOCKS_FUNCTION,
        columns,
        open: blocks.open,
      }));
      return {
        sql: renderShare(before, task),
        isCounted: task.share === undefined,
        prunes: false,
        columns: before.columns,
      };
    },
    rowsRead: () => (task.share === undefined ? blocks.rowsRead() : undefined),
    chainRows: undefined,
    chains: [],
    isReadable: true,
    failure: () => failure(),
  };
};

/** Of a shared partition the rows of the task's keys: the digits of the hash above those that chose the partition. */
const renderShare = ({ by, partitions }: Shuffle, { share }: TaskOf<'partitions'>): string => {
  const rows = `${BLOCKS_FUNCTION}()`;
  if (share === undefined) return rows;
  const hash = `hash(${by.map(quoteIdentifier).join(', ')})`;
  return `(SELECT * FROM ${rows} WHERE (${hash} // ${partitions}) % ${share.of} = ${share.index})`;
};
