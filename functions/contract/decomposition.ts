import * as z from 'zod';

const sql = z.string();
/** Names of the columns one level below that the SQL reads. */
const uses = z.array(z.string());

/** A column with its SQL over the columns one level below, and its type as DuckDB's DESCRIBE names it. */
const DecomposedColumn = z.strictObject({ name: z.string(), type: z.string(), sql, uses });

/** A column of partial results. */
const StateColumn = z.strictObject({
  name: z.string(),
  type: z.string(),
  /** An aggregate over rows. */
  partial: sql,
  /** The same state of one row, without grouping. */
  single: sql,
  /** Over the gathered and derived columns. */
  merge: sql,
  uses,
});

const GatheredColumn = z.strictObject({ name: z.string(), sql, uses });

/** The hidden count of the rows that a partial result stands for. */
const RowsColumn = z.strictObject({ name: z.string(), partial: sql, single: sql });

const PartialDecomposition = z.strictObject({
  mode: z.literal('partial'),
  states: z.array(StateColumn),
  /** Aggregates over the states of a group. */
  gathered: z.array(GatheredColumn),
  /** Scalars over the gathered columns. */
  derived: z.array(GatheredColumn),
  /** The value of each aggregate call, over merged states. */
  values: z.array(GatheredColumn),
  /** The columns of the result, over keys and values. */
  outputs: z.array(DecomposedColumn),
  rows: RowsColumn,
});
export type PartialDecomposition = z.infer<typeof PartialDecomposition>;

const RowsDecomposition = z.strictObject({
  mode: z.literal('rows'),
  /** Which aggregate needs all rows of a group, for people: `median`, `count with DISTINCT`. */
  reason: z.string(),
  /** What is shuffled beside the keys: columns, and arguments of aggregates, computed before the shuffle. */
  columns: z.array(DecomposedColumn),
  /** Aggregates over keys and columns. */
  outputs: z.array(DecomposedColumn),
  /** Equal rows change no output: they may be folded into one, with their number, before the shuffle. */
  foldsEqualRows: z.boolean(),
  rows: RowsColumn,
});
export type RowsDecomposition = z.infer<typeof RowsDecomposition>;

/** How a group_by is computed by many map and reduce tasks: by partial results, or by shuffled rows. */
export const Decomposition = z
  .discriminatedUnion('mode', [PartialDecomposition, RowsDecomposition])
  .meta({ id: 'Decomposition' });
export type Decomposition = z.infer<typeof Decomposition>;
