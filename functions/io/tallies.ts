import { DOUBLE, type DuckDBConnection, DuckDBScalarFunction, TINYINT } from '@duckdb/node-api';
import type { Tally } from '../sql/tally.ts';

/** What the witnesses of one query have seen so far, in rows. */
export type TallyCounts = {
  read: number;
  grown: number;
  dropped: number;
  folded: number;
  cut: number;
  /** Rows that the groups of the two halves of a step stand for; undefined where the query has no such half. */
  carriedIn: number | undefined;
  carriedOut: number | undefined;
  /** Rows that each step removed or added, by position in the spec. */
  readonly bySteps: Map<number, { dropped: number; grown: number; folded: number; cut: number }>;
};

type Observer = (rows: number, values: Float64Array | undefined) => void;

const TAKES_VALUES = new Set<Tally['term']>(['lengths', 'folded', 'carried-in', 'carried-out']);

export const newTallyCounts = (): TallyCounts => ({
  read: 0,
  grown: 0,
  dropped: 0,
  folded: 0,
  cut: 0,
  carriedIn: undefined,
  carriedOut: undefined,
  bySteps: new Map(),
});

/**
 * Registers the witnesses of a compiled query on its connection and returns the counts that they will
 * fill while it runs, those given or new ones. Exact up to 2^53 rows.
 */
export const registerTallies = (
  connection: DuckDBConnection,
  tallies: readonly Tally[],
  counts: TallyCounts = newTallyCounts(),
): TallyCounts => {
  for (const tally of tallies) registerTally(connection, tally, observe(counts, tally));
  return counts;
};

const observe = (counts: TallyCounts, tally: Tally): Observer => {
  if (tally.step === 'input') {
    return (rows) => {
      counts.read += rows;
    };
  }
  const step = counts.bySteps.get(tally.step) ?? { dropped: 0, grown: 0, folded: 0, cut: 0 };
  counts.bySteps.set(tally.step, step);
  const add = (term: keyof typeof step, rows: number): void => {
    counts[term] += rows;
    step[term] += rows;
  };
  switch (tally.term) {
    case 'lengths':
      return (_, lengths = EMPTY) => {
        for (const length of lengths) length === 0 ? add('dropped', 1) : add('grown', length - 1);
      };
    case 'folded':
      // A group of no rows is the one answer that a group_by without keys gives to an empty input.
      return (_, sizes = EMPTY) => {
        let folded = 0;
        for (const size of sizes) {
          if (size === 0) add('grown', 1);
          else folded += size - 1;
        }
        add('folded', folded);
      };
    case 'carried-in':
      counts.carriedIn ??= 0;
      return (_, sizes = EMPTY) => {
        counts.carriedIn = sumOf(sizes, counts.carriedIn);
      };
    case 'carried-out':
      counts.carriedOut ??= 0;
      return (_, sizes = EMPTY) => {
        counts.carriedOut = sumOf(sizes, counts.carriedOut);
      };
    case 'entered':
      return enteredBeyond(tally.limit ?? 0, (rows) => add('cut', rows));
    default:
      return (rows) => add('dropped', rows);
  }
};

const EMPTY = new Float64Array(0);

const sumOf = (values: Float64Array, start = 0): number => values.reduce((sum, value) => sum + value, start);

const enteredBeyond = (limit: number, cut: (rows: number) => void): Observer => {
  let entered = 0;
  return (rows) => {
    const before = Math.max(entered - limit, 0);
    entered += rows;
    cut(Math.max(entered - limit, 0) - before);
  };
};

const registerTally = (connection: DuckDBConnection, tally: Tally, observer: Observer): void => {
  const takesValues = TAKES_VALUES.has(tally.term);
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: tally.name,
      returnType: TINYINT,
      // DuckDB must call it once for each row that reaches it, never fold, merge or move it.
      volatile: true,
      ...(takesValues ? { parameterTypes: [DOUBLE] } : {}),
      mainFunction: (_, input, output) => {
        observer(input.rowCount, takesValues ? itemsOf<Float64Array>(input.getColumnVector(0)) : undefined);
        itemsOf<Int8Array>(output).fill(tally.keeps);
        output.flush();
      },
    }),
  );
};

/** The typed array behind a vector of a fixed-width type; the typings name it only on the concrete classes. */
const itemsOf = <Items>(vector: unknown): Items => (vector as { readonly items: Items }).items;
