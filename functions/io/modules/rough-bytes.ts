import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  type DuckDBValue,
} from '@duckdb/node-api';

/** A number, a pointer, a small object of the engine. */
const FIXED_BYTES = 16;

/** What a value holds in memory, roughly: enough to bound what is kept, not to account for it. */
export const roughBytes = (value: DuckDBValue): number => {
  if (typeof value === 'string') return FIXED_BYTES + value.length * 2;
  if (typeof value !== 'object' || value === null) return FIXED_BYTES;
  if (value instanceof DuckDBBlobValue) return FIXED_BYTES + value.bytes.length;
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return sum(value.items);
  if (value instanceof DuckDBStructValue) return sum(Object.values(value.entries));
  if (value instanceof DuckDBMapValue) return sum(value.entries.flatMap((entry) => [entry.key, entry.value]));
  return 2 * FIXED_BYTES;
};

const sum = (values: readonly DuckDBValue[]): number => {
  let bytes = FIXED_BYTES;
  for (const value of values) bytes += roughBytes(value);
  return bytes;
};
