import type { DuckDBValue } from '@duckdb/node-api';
import type { Column } from '../../contract/columns.ts';
import { MODULE_LIMITS } from '../../contract/module-step.ts';
import { parseDuckDBType } from '../arrow/type-text.ts';
import { describeThrown } from './describe-thrown.ts';
import { describeKind, OutputMismatch, within } from './output-mismatch.ts';
import { arrayOf, createCellWriter, takeFields } from './write-cell.ts';

/** A row as the engine takes it, a value for each declared column. */
export type OutputRow = readonly DuckDBValue[];

/** Reads what a function returned; `isOver` says that nobody waits for it any more. */
export type ReadReturned = (
  returned: unknown,
  isOver: () => boolean,
) => readonly OutputRow[] | Promise<readonly OutputRow[]>;

/** Anything that the author's object throws while it is read (a getter, a proxy) is a mismatch too. */
const readable = <Result>(read: () => Result): Result => {
  try {
    return read();
  } catch (error) {
    if (error instanceof OutputMismatch) throw error;
    const { error: name, message } = describeThrown(error);
    throw new OutputMismatch('what was returned cannot be read', { said: `: ${name}: ${message}` });
  }
};

/** Makes rows of what a function returned for one row. Throws OutputMismatch. */
const createRowWriter = (columns: readonly Column[]): ((row: unknown) => OutputRow) => {
  const names = columns.map(({ name }) => name);
  const writers = columns.map(({ type }) => createCellWriter(parseDuckDBType(type)));
  return (row) =>
    readable(() => {
      if (typeof row !== 'object' || row === null || arrayOf(row) !== undefined)
        throw new OutputMismatch(`expected a row as an object, found ${describeKind(row)}`);
      const values: DuckDBValue[] = new Array(names.length);
      takeFields(row, { names, what: 'column' }, (value, index) => {
        values[index] = writers[index]?.(value) ?? null;
      });
      return values;
    });
};

/** For `map`: exactly one row. */
export const createMapReader = (columns: readonly Column[]): ReadReturned => {
  const write = createRowWriter(columns);
  return (returned) => [write(returned)];
};

/** For `flat_map`: any number of rows, from anything that can be iterated, also asynchronously. */
export const createFlatMapReader = (columns: readonly Column[]): ReadReturned => {
  const write = createRowWriter(columns);
  return (returned, isOver) => {
    const rows = iterate(returned, write, isOver);
    if (rows !== undefined) return rows;
    throw new OutputMismatch(`expected rows as an array or a generator, found ${describeKind(returned)}`);
  };
};

/** For `map_groups`: one row, or what `flat_map` takes. */
export const createGroupReader = (columns: readonly Column[]): ReadReturned => {
  const write = createRowWriter(columns);
  return (returned, isOver) => iterate(returned, write, isOver) ?? [write(returned)];
};

/** Rows are read as they come: a generator may use one object for all of them. */
const iterate = (
  returned: unknown,
  write: (row: unknown) => OutputRow,
  isOver: () => boolean,
): readonly OutputRow[] | Promise<readonly OutputRow[]> | undefined => {
  if (typeof returned !== 'object' || returned === null) return undefined;
  const rows: OutputRow[] = [];
  const add = (row: unknown): void => {
    if (rows.length === MODULE_LIMITS.returnedRows)
      throw new OutputMismatch(`expected at most ${MODULE_LIMITS.returnedRows} rows of one call`);
    rows.push(within(rows.length, () => write(row)));
  };
  if (isAsyncIterable(returned)) {
    return (async () => {
      for await (const row of returned) {
        if (isOver()) break;
        add(row);
      }
      return rows;
    })();
  }
  if (!isIterable(returned)) return undefined;
  for (const row of returned) add(row);
  return rows;
};

const isAsyncIterable = (value: object): value is AsyncIterable<unknown> =>
  Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function';
const isIterable = (value: object): value is Iterable<unknown> =>
  Symbol.iterator in value && typeof value[Symbol.iterator] === 'function';

/** A row of a batch, or why it does not fit. */
export type BatchRow = OutputRow | OutputMismatch;

/**
 * For `map_batches`: the rows of the columns that were returned, one that does not fit in the place of its row.
 * Throws OutputMismatch where that concerns all of them: no columns, other ones, another length.
 */
export const createBatchReader = (
  columns: readonly Column[],
): ((returned: unknown, rows: number) => readonly BatchRow[]) => {
  const names = columns.map(({ name }) => name);
  const writers = columns.map(({ type }) => createCellWriter(parseDuckDBType(type)));
  return (returned, rows) =>
    readable(() => {
      if (typeof returned !== 'object' || returned === null || arrayOf(returned) !== undefined)
        throw new OutputMismatch(`expected columns as an object of arrays, found ${describeKind(returned)}`);
      const taken: ArrayLike<unknown>[] = [];
      takeFields(returned, { names, what: 'column' }, (column) => {
        const array = arrayOf(column);
        if (array === undefined)
          throw new OutputMismatch(`expected an array of ${rows}, found ${describeKind(column)}`);
        if (array.length !== rows)
          throw new OutputMismatch(`expected an array of ${rows}, found one of ${array.length}`);
        taken.push(array);
      });
      return Array.from({ length: rows }, (_, row) => {
        try {
          return readable(() =>
            names.map((name, index) => within(name, () => writers[index]?.(taken[index]?.[row]) ?? null)),
          );
        } catch (error) {
          if (error instanceof OutputMismatch) return error;
          throw error;
        }
      });
    });
};
