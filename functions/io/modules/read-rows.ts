import type { DuckDBValue } from '@duckdb/node-api';
import type { Column } from '../../contract/columns.ts';
import { MODULE_LIMITS } from '../../contract/module-step.ts';
import { parseDuckDBType } from '../arrow/type-text.ts';
import { bounded } from './describe-thrown.ts';
import { createCellReader, createObjectReader } from './read-cell.ts';

/** Gives a function its rows; every call gives objects of its own, which the function may change. */
export type RowReader = {
  /** The row whose values `valueAt` gives by the position of the column. */
  readonly row: (valueAt: (column: number) => DuckDBValue) => Record<string, unknown>;
  /** Whole columns as arrays, under their names. */
  readonly batch: (columns: readonly (readonly DuckDBValue[])[]) => Record<string, unknown>;
  /** The row as a reject keeps it. */
  readonly raw: (valueAt: (column: number) => DuckDBValue) => string;
};

/** Throws ColumnTypeError where a column has a type that no module can be given. */
export const createRowReader = (columns: readonly Column[]): RowReader => {
  const readers = columns.map(({ type }) => createCellReader(parseDuckDBType(type)));
  const object = createObjectReader(columns.map(({ name }) => name));
  const row = (valueAt: (column: number) => DuckDBValue): Record<string, unknown> =>
    object((index) => readers[index]?.(valueAt(index)));
  return {
    row,
    batch: (values) =>
      object((index) => {
        const read = readers[index];
        return (values[index] ?? []).map((value) => read?.(value));
      }),
    raw: (valueAt) => bounded(JSON.stringify(row(valueAt), shorten) ?? '', MODULE_LIMITS.rawCharacters),
  };
};

/** What JSON cannot say as text, and no more of a long value than is kept. */
const shorten = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return value.slice(0, MODULE_LIMITS.rawCharacters);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array)
    return Buffer.from(value.subarray(0, MODULE_LIMITS.rawCharacters)).toString('base64');
  if (value instanceof Map) return [...value].slice(0, MODULE_LIMITS.rawCharacters);
  return Array.isArray(value) ? value.slice(0, MODULE_LIMITS.rawCharacters) : value;
};
