import { ColumnOverflowError } from '../../contract/errors-arrow.ts';
import { words16, words32 } from './gather.ts';
import { renderDuckDBType } from './type-text.ts';
import type { ArrowColumn, Change, Width } from './types.ts';
import { uuidToArrow } from './uuid.ts';

/** Arrow's decimal128 has 38 digits: magnitudes below 10^38, whose highest 32 bits are 0x4b3b4ca8. */
const DECIMAL_LIMIT = 10n ** 38n;
const DECIMAL_LIMIT_TOP = 0x4b3b4ca8;
const NANOS_PER_MICRO = 1000;

const overflow = (column: ArrowColumn, limit: string): never => {
  throw new ColumnOverflowError(column.name, renderDuckDBType(column.type), limit);
};

/** Widens decimals of 2, 4 or 8 bytes to 16. */
const decimalToArrow = (values: Uint8Array, width: Width): Uint8Array => {
  const count = values.byteLength / width;
  const out = new Int32Array(count * 4);
  if (width === 8) {
    const words = words32(values);
    for (let i = 0; i < count; i++) {
      const high = (words[i * 2 + 1] as number) | 0;
      out[i * 4] = words[i * 2] as number;
      out[i * 4 + 1] = high;
      out[i * 4 + 2] = high >> 31;
      out[i * 4 + 3] = high >> 31;
    }
    return new Uint8Array(out.buffer);
  }
  const words = width === 4 ? words32(values) : words16(values);
  const shift = width === 4 ? 0 : 16;
  for (let i = 0; i < count; i++) {
    const value = ((words[i] as number) << shift) >> shift;
    out[i * 4] = value;
    out[i * 4 + 1] = value >> 31;
    out[i * 4 + 2] = value >> 31;
    out[i * 4 + 3] = value >> 31;
  }
  return new Uint8Array(out.buffer);
};

const checkHugeint = (values: Uint8Array, column: ArrowColumn): Uint8Array => {
  const tops = words32(values);
  const whole = new BigInt64Array(values.buffer, values.byteOffset, values.byteLength / 8);
  for (let i = 0; i * 4 < tops.length; i++) {
    const top = (tops[i * 4 + 3] as number) | 0;
    if (top < DECIMAL_LIMIT_TOP && top >= -DECIMAL_LIMIT_TOP) continue;
    const value = ((whole[i * 2 + 1] as bigint) << 64n) | BigInt.asUintN(64, whole[i * 2] as bigint);
    if (value >= DECIMAL_LIMIT || value <= -DECIMAL_LIMIT) overflow(column, '38 decimal digits');
  }
  return values;
};

const checkUhugeint = (values: Uint8Array, column: ArrowColumn): Uint8Array => {
  const tops = words32(values);
  const whole = new BigUint64Array(values.buffer, values.byteOffset, values.byteLength / 8);
  for (let i = 0; i * 4 < tops.length; i++) {
    if ((tops[i * 4 + 3] as number) < DECIMAL_LIMIT_TOP) continue;
    const value = ((whole[i * 2 + 1] as bigint) << 64n) | (whole[i * 2] as bigint);
    if (value >= DECIMAL_LIMIT) overflow(column, '38 decimal digits');
  }
  return values;
};

/** DuckDB: months, days (4 bytes each), microseconds (8). Arrow: months, days, nanoseconds. */
const intervalToArrow = (values: Uint8Array, column: ArrowColumn): Uint8Array => {
  const words = words32(values);
  for (let at = 2; at < words.length; at += 4) {
    // Two words times 1000 with the carry: each product is below 2^53, so numbers hold it exactly.
    const low = (words[at] as number) * NANOS_PER_MICRO;
    const high = ((words[at + 1] as number) | 0) * NANOS_PER_MICRO + Math.floor(low / 2 ** 32);
    if (high < -(2 ** 31) || high >= 2 ** 31) overflow(column, '292 years of nanoseconds in an interval');
    words[at] = low;
    words[at + 1] = high;
  }
  return values;
};

/** Changes values as DuckDB has them into Arrow's; may write into `values`. Throws ColumnOverflowError. */
export const changeToArrow = (
  values: Uint8Array,
  layout: { readonly width: Width; readonly change: Change },
  column: ArrowColumn,
): Uint8Array => {
  switch (layout.change) {
    case 'none':
      return values;
    case 'decimal':
      return decimalToArrow(values, layout.width);
    case 'hugeint':
      return checkHugeint(values, column);
    case 'uhugeint':
      return checkUhugeint(values, column);
    case 'interval':
      return intervalToArrow(values, column);
    case 'uuid':
      return uuidToArrow(values);
  }
};
