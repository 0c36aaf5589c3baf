import {
  bitValue,
  blobValue,
  type DuckDBDecimalType,
  DuckDBDecimalValue,
  type DuckDBEnumType,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  uuidValue,
} from '@duckdb/node-api';
import { MODULE_LIMITS } from '../../contract/module-step.ts';
import { OutputMismatch } from './output-mismatch.ts';
import { INSTANT_WRITERS } from './write-instant.ts';
import { type CellWriter, inRange, refuse, wholeOf } from './write-whole.ts';

const integer = (name: string, bits: number, isSigned: boolean): CellWriter => {
  const max = 2n ** BigInt(isSigned ? bits - 1 : bits) - 1n;
  const range = { min: isSigned ? -max - 1n : 0n, max, expected: name };
  if (bits > 32) return (value) => inRange(value, range);
  const [least, most] = [Number(range.min), Number(range.max)];
  return (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? // No integer of the engine is -0.
        (value as number) + 0
      : Number(inRange(value, range));
};

const double: CellWriter = (value) => (typeof value === 'number' ? value : refuse('DOUBLE', value));

const float: CellWriter = (value) => {
  if (typeof value !== 'number') return refuse('FLOAT', value);
  const rounded = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(rounded))
    throw new OutputMismatch('expected FLOAT, found a number beyond its range');
  // As the engine keeps it: two keys of a map may become one by it.
  return rounded;
};

const text =
  (name: string): CellWriter =>
  (value) => {
    if (typeof value !== 'string') return refuse(name, value);
    // A UTF-16 unit is at most three bytes of UTF-8.
    if (value.length * 3 > MODULE_LIMITS.valueBytes && Buffer.byteLength(value) > MODULE_LIMITS.valueBytes)
      throw new OutputMismatch(`expected at most ${MODULE_LIMITS.valueBytes} bytes of text`);
    if (!value.isWellFormed())
      throw new OutputMismatch(`expected ${name}, found a string with half of a surrogate pair`);
    return value;
  };

const json: CellWriter = (value) => {
  const given = text('JSON as text')(value);
  try {
    JSON.parse(String(given));
  } catch {
    throw new OutputMismatch('expected JSON as text, found a string that is not JSON');
  }
  return given;
};

const blob: CellWriter = (value) => {
  if (!(value instanceof Uint8Array)) return refuse('BLOB as Uint8Array', value);
  if (value.byteLength > MODULE_LIMITS.valueBytes)
    throw new OutputMismatch(`expected at most ${MODULE_LIMITS.valueBytes} bytes`);
  // A copy: the function may use its buffer again for the next row.
  return blobValue(Uint8Array.prototype.slice.call(value));
};

const matching =
  (expected: string, pattern: RegExp, make: (text: string) => DuckDBValue): CellWriter =>
  (value) => {
    if (typeof value !== 'string') return refuse(expected, value);
    return pattern.test(value)
      ? make(value)
      : refuse(
          `${expected} such as ${expected.includes('UUID') ? '"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"' : '"0101"'}`,
          value,
        );
  };

const uuid = matching('UUID as text', /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i, (value) =>
  uuidValue(BigInt(`0x${value.replaceAll('-', '')}`)),
);
const bit = matching('BIT as text', /^[01]{1,10000000}$/, (value) => bitValue(value));

const DECIMAL_TEXT = /^([+-]?)(\d{1,50})(?:\.(\d{1,50}))?$/;

const decimal = ({ width, scale }: DuckDBDecimalType): CellWriter => {
  const expected = `DECIMAL(${width},${scale}) as text`;
  const limit = 10n ** BigInt(width);
  return (value) => {
    const match = DECIMAL_TEXT.exec(typeof value === 'string' ? value : String(wholeOf(value, expected)));
    if (match === null) return refuse(`${expected} such as "-12.50"`, value);
    const [, sign, whole = '', fraction = ''] = match;
    if (/[1-9]/.test(fraction.slice(scale)))
      throw new OutputMismatch(`expected ${expected}, found more than ${scale} decimals`);
    const scaled = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0')) * (sign === '-' ? -1n : 1n);
    if (scaled >= limit || scaled <= -limit)
      throw new OutputMismatch(`expected ${expected}, found a number beyond its range`);
    return new DuckDBDecimalValue(scaled, width, scale);
  };
};

const enumeration = ({ values }: DuckDBEnumType): CellWriter => {
  const known = new Set(values);
  return (value) => {
    if (typeof value !== 'string') return refuse('a text of the ENUM', value);
    if (known.has(value)) return value;
    throw new OutputMismatch(`expected one of the ${values.length} texts of the ENUM, found another string`);
  };
};

const WRITERS: Readonly<Partial<Record<DuckDBTypeId, CellWriter>>> = {
  [DuckDBTypeId.SQLNULL]: (value) => refuse('NULL', value),
  [DuckDBTypeId.BOOLEAN]: (value) => (typeof value === 'boolean' ? value : refuse('BOOLEAN', value)),
  [DuckDBTypeId.TINYINT]: integer('TINYINT', 8, true),
  [DuckDBTypeId.SMALLINT]: integer('SMALLINT', 16, true),
  [DuckDBTypeId.INTEGER]: integer('INTEGER', 32, true),
  [DuckDBTypeId.BIGINT]: integer('BIGINT', 64, true),
  [DuckDBTypeId.HUGEINT]: integer('HUGEINT', 128, true),
  [DuckDBTypeId.UTINYINT]: integer('UTINYINT', 8, false),
  [DuckDBTypeId.USMALLINT]: integer('USMALLINT', 16, false),
  [DuckDBTypeId.UINTEGER]: integer('UINTEGER', 32, false),
  [DuckDBTypeId.UBIGINT]: integer('UBIGINT', 64, false),
  [DuckDBTypeId.UHUGEINT]: integer('UHUGEINT', 128, false),
  [DuckDBTypeId.FLOAT]: float,
  [DuckDBTypeId.DOUBLE]: double,
  [DuckDBTypeId.BLOB]: blob,
  [DuckDBTypeId.BIT]: bit,
  [DuckDBTypeId.UUID]: uuid,
  ...INSTANT_WRITERS,
};

/** The writer of a type that has no types inside; undefined for another one. */
export const createScalarWriter = (type: DuckDBType): CellWriter | undefined => {
  switch (type.typeId) {
    case DuckDBTypeId.VARCHAR:
      return type.alias === 'JSON' ? json : text('VARCHAR');
    case DuckDBTypeId.DECIMAL:
      return decimal(type as DuckDBDecimalType); // by its id
    case DuckDBTypeId.ENUM:
      return enumeration(type as DuckDBEnumType); // by its id
    default:
      return WRITERS[type.typeId];
  }
};
