import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { unpackBits } from './loaded-array.ts';

/** Changes of Arrow's values into DuckDB's; the inverse of `change-values.ts`, and more, for Arrow inputs. */

const words = (bytes: Uint8Array): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
const longs = (bytes: Uint8Array): BigInt64Array =>
  new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 3);
const bytesOf = (array: Int32Array | BigInt64Array | Int16Array | Float32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Decimals of `from` words of 4 bytes to DuckDB's 2, 4, 8 or 16 bytes: the low part, sign and all. */
export const decimalToDuckDB =
  (from: number, to: 2 | 4 | 8 | 16) =>
  (values: Uint8Array, length: number): Uint8Array => {
    const source = words(values);
    if (to === 2) return bytesOf(Int16Array.from({ length }, (_, i) => source[i * from] as number));
    const target = to / 4;
    const out = new Int32Array(length * target);
    for (let i = 0; i < length; i++) {
      const sign = (source[i * from + from - 1] as number) >> 31;
      for (let word = 0; word < target; word++)
        out[i * target + word] = word < from ? (source[i * from + word] as number) : sign;
    }
    return bytesOf(out);
  };

const NANOS_PER_MICRO = 1000n;

/** Months, days, nanoseconds to months, days, microseconds. DuckDB has no nanoseconds in an interval. */
export const intervalToDuckDB = (values: Uint8Array): Uint8Array => {
  const out = values.slice();
  const halves = longs(out);
  for (let at = 1; at < halves.length; at += 2) {
    const nanos = halves[at] as bigint;
    if (nanos % NANOS_PER_MICRO !== 0n)
      throw new ArrowFormatError('an interval has a part below a microsecond, which DuckDB cannot hold');
    halves[at] = nanos / NANOS_PER_MICRO;
  }
  return out;
};

/** Months in 4 bytes. */
export const yearMonthToDuckDB = (values: Uint8Array, length: number): Uint8Array => {
  const months = words(values);
  const out = new Int32Array(length * 4);
  for (let i = 0; i < length; i++) out[i * 4] = months[i] as number;
  return bytesOf(out);
};

/** Days and milliseconds, 4 bytes each. */
export const dayTimeToDuckDB = (values: Uint8Array, length: number): Uint8Array => {
  const parts = words(values);
  const out = new Int32Array(length * 4);
  const halves = longs(bytesOf(out));
  for (let i = 0; i < length; i++) {
    out[i * 4 + 1] = parts[i * 2] as number;
    halves[i * 2 + 1] = BigInt(parts[i * 2 + 1] as number) * 1000n;
  }
  return bytesOf(out);
};

const floorDivide = (value: bigint, divisor: bigint): bigint =>
  value >= 0n || value % divisor === 0n ? value / divisor : value / divisor - 1n;

/** 64-bit counts of one unit to another: `times` or `per`, whichever is not 1. Cuts towards zero, as DuckDB does. */
export const scaleLongs =
  (times: bigint, per: bigint) =>
  (values: Uint8Array): Uint8Array => {
    const out = longs(values).slice();
    for (let i = 0; i < out.length; i++) {
      const value = ((out[i] as bigint) * times) / per;
      if (BigInt.asIntN(64, value) !== value)
        throw new ArrowFormatError('a time lies outside what DuckDB can hold');
      out[i] = value;
    }
    return bytesOf(out);
  };

/** 32-bit times of day to DuckDB's 64-bit microseconds. */
export const widenTimes =
  (times: bigint) =>
  (values: Uint8Array, length: number): Uint8Array => {
    const source = words(values);
    const out = new BigInt64Array(length);
    for (let i = 0; i < length; i++) out[i] = BigInt(source[i] as number) * times;
    return bytesOf(out);
  };

const MILLIS_PER_DAY = 86_400_000n;
/** Arrow's Date64, milliseconds, to days. */
export const millisToDays = (values: Uint8Array, length: number): Uint8Array => {
  const source = longs(values);
  return bytesOf(
    Int32Array.from({ length }, (_, i) => Number(floorDivide(source[i] as bigint, MILLIS_PER_DAY))),
  );
};

/** Counts of `times / per` microseconds to intervals. */
export const durationToDuckDB =
  (times: bigint, per: bigint) =>
  (values: Uint8Array, length: number): Uint8Array => {
    const micros = longs(scaleLongs(times, per)(values));
    const out = new BigInt64Array(length * 2);
    for (let i = 0; i < length; i++) out[i * 2 + 1] = micros[i] as bigint;
    return bytesOf(out);
  };

/** IEEE 754 half precision to single. */
export const halfToFloat = (values: Uint8Array, length: number): Uint8Array => {
  const halves = new Uint16Array(values.buffer, values.byteOffset, length);
  const toFloat = (half: number): number => {
    const sign = half >>> 15 === 1 ? -1 : 1;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return exponent === 0
      ? sign * 2 ** -14 * (fraction / 1024)
      : sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
  };
  return bytesOf(Float32Array.from({ length }, (_, i) => toFloat(halves[i] as number)));
};

/** Arrow's bits to DuckDB's bytes. */
export const boolToDuckDB = unpackBits;
