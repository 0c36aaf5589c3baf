import type { DuckDBValue } from '@duckdb/node-api';
import { describeKind, OutputMismatch } from './output-mismatch.ts';

/** Takes what a module's function returned for a type; NULL is not given to it. Throws OutputMismatch. */
export type CellWriter = (value: unknown) => DuckDBValue;

/** Throws the mismatch of a value that is of another kind. */
export const refuse = (expected: string, value: unknown): never => {
  throw new OutputMismatch(`expected ${expected}, found ${describeKind(value)}`);
};

/** A whole number as a bigint, from a bigint or from a number that is exact. */
export const wholeOf = (value: unknown, expected: string): bigint => {
  if (typeof value === 'bigint') return value;
  if (Number.isSafeInteger(value)) return BigInt(value as number); // just proved to be a number
  return refuse(expected, value);
};

/** A whole number within a range; `expected` names the type. */
export const inRange = (
  value: unknown,
  range: { readonly min: bigint; readonly max: bigint; readonly expected: string },
): bigint => {
  const whole = wholeOf(value, range.expected);
  if (whole >= range.min && whole <= range.max) return whole;
  throw new OutputMismatch(`expected ${range.expected}, found a number beyond its range`);
};
