import {
  bitValue,
  blobValue,
  DuckDBDateValue,
  type DuckDBDecimalType,
  DuckDBDecimalValue,
  type DuckDBEnumType,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  intervalValue,
  timeNSValue,
  timeTZValue,
  timeValue,
  uuidValue,
} from '@duckdb/node-api';
import { MODULE_LIMITS } from '../../contract/module-step.ts';
import { describeKind, OutputMismatch, within } from './output-mismatch.ts';
import { INFINITE_MICROS } from './read-cell.ts';

/** Takes what a module's function returned for a type; NULL is not given to it. Throws OutputMismatch. */
export type CellWriter = (value: unknown) => DuckDBValue;

const refuse = (expected: string, value: unknown): never => {
  throw new OutputMismatch(`expected ${expected}, found ${describeKind(value)}`);
};

/** A whole number as a bigint, from a bigint or from a number that is exact. */
const wholeOf = (value: unknown, expected: string): bigint => {
  if (typeof value === 'bigint') return value;
  if (Number.isSafeInteger(value)) return BigInt(value as number); // just proved to be a number
  return refuse(expected, value);
};

const inRange = (
  value: unknown,
  range: { readonly min: bigint; readonly max: bigint; readonly expected: string },
): bigint => {
  const whole = wholeOf(value, range.expected);
  if (whole >= range.min && whole <= range.max) return whole;
  throw new OutputMismatch(`expected ${range.expected}, found a number beyond its range`);
};

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
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
    throw new OutputMismatch('expected FLOAT, found a number beyond its range');
  return value;
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

const DATE_RANGE = { min: -(2n ** 31n - 1n), max: 2n ** 31n - 1n, expected: 'DATE as days since 1970-01-01' };
const date: CellWriter = (value) => new DuckDBDateValue(Number(inRange(value, DATE_RANGE)));

/** A count of a day's units, `perDay` of which are a day. */
const timeOfDay = (name: string, perDay: bigint, make: (count: bigint) => DuckDBValue): CellWriter => {
  const range = { min: 0n, max: perDay, expected: name };
  return (value) => make(inRange(value, range));
};

type TimestampKind = {
  readonly expected: string;
  readonly least: bigint;
  readonly most: bigint;
  /** Microseconds in a unit of the type. */
  readonly microsPerUnit: bigint;
  readonly make: (count: bigint) => DuckDBValue;
};

const MICROS_RANGE = { least: DuckDBTimestampValue.Min.micros, most: DuckDBTimestampValue.Max.micros };
const AS_MICROS = 'as microseconds since 1970-01-01, a bigint or a Date';

const timestamp =
  ({ expected, least, most, microsPerUnit, make }: TimestampKind): CellWriter =>
  (value) => {
    const count = value instanceof Date ? microsOfDate(value, expected) : wholeOf(value, expected);
    if (count === INFINITE_MICROS || count === -INFINITE_MICROS) return make(count);
    if (count < least || count > most)
      throw new OutputMismatch(`expected ${expected}, found a number beyond its range`);
    if (count % microsPerUnit !== 0n)
      throw new OutputMismatch(`expected ${expected}, found an instant between two of the type`);
    return make(count / microsPerUnit);
  };

const microsOfDate = (value: Date, expected: string): bigint => {
  const millis = Date.prototype.getTime.call(value);
  return Number.isNaN(millis) ? refuse(expected, value) : BigInt(millis) * 1_000n;
};

/** An object that is a value: exactly these fields, each a whole number. */
const fieldsOf = (value: unknown, names: readonly string[], expected: string): readonly bigint[] => {
  if (typeof value !== 'object' || value === null) return refuse(expected, value);
  return names.map((name) =>
    within(name, () => wholeOf(Object.getOwnPropertyDescriptor(value, name)?.value, 'a whole number')),
  );
};

const INT32 = { min: -(2n ** 31n), max: 2n ** 31n - 1n, expected: 'a whole number of 32 bits' };
const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n, expected: 'a whole number of 64 bits' };

const interval: CellWriter = (value) => {
  const [months, days, micros] = fieldsOf(
    value,
    ['months', 'days', 'micros'],
    'INTERVAL as { months, days, micros }',
  );
  return intervalValue(
    Number(within('months', () => inRange(months, INT32))),
    Number(within('days', () => inRange(days, INT32))),
    within('micros', () => inRange(micros, INT64)),
  );
};

const DAY_MICROS = 86_400_000_000n;
/** 15:59:59, the largest of the engine. */
const OFFSET = { min: -57_599n, max: 57_599n, expected: 'an offset from UTC in seconds' };

const timeWithZone: CellWriter = (value) => {
  const [micros, offset] = fieldsOf(value, ['micros', 'offset'], 'TIME WITH TIME ZONE as { micros, offset }');
  const day = { min: 0n, max: DAY_MICROS, expected: 'microseconds of a day' };
  return timeTZValue(
    within('micros', () => inRange(micros, day)),
    Number(within('offset', () => inRange(offset, OFFSET))),
  );
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
  [DuckDBTypeId.DATE]: date,
  [DuckDBTypeId.TIME]: timeOfDay('TIME as microseconds of the day', DAY_MICROS, timeValue),
  [DuckDBTypeId.TIME_NS]: timeOfDay('TIME_NS as nanoseconds of the day', DAY_MICROS * 1_000n, timeNSValue),
  [DuckDBTypeId.TIME_TZ]: timeWithZone,
  [DuckDBTypeId.TIMESTAMP]: timestamp({
    expected: `TIMESTAMP ${AS_MICROS}`,
    ...MICROS_RANGE,
    microsPerUnit: 1n,
    make: (count) => new DuckDBTimestampValue(count),
  }),
  [DuckDBTypeId.TIMESTAMP_TZ]: timestamp({
    expected: `TIMESTAMP WITH TIME ZONE ${AS_MICROS}`,
    ...MICROS_RANGE,
    microsPerUnit: 1n,
    make: (count) => new DuckDBTimestampTZValue(count),
  }),
  [DuckDBTypeId.TIMESTAMP_S]: timestamp({
    expected: `TIMESTAMP_S ${AS_MICROS}`,
    ...MICROS_RANGE,
    microsPerUnit: 1_000_000n,
    make: (count) => new DuckDBTimestampSecondsValue(count),
  }),
  [DuckDBTypeId.TIMESTAMP_MS]: timestamp({
    expected: `TIMESTAMP_MS ${AS_MICROS}`,
    ...MICROS_RANGE,
    microsPerUnit: 1_000n,
    make: (count) => new DuckDBTimestampMillisecondsValue(count),
  }),
  [DuckDBTypeId.INTERVAL]: interval,
};

const NANOS_RANGE = {
  least: DuckDBTimestampNanosecondsValue.Min.nanos,
  most: DuckDBTimestampNanosecondsValue.Max.nanos,
};

const timestampNanos: CellWriter = (value) => {
  const expected = 'TIMESTAMP_NS as nanoseconds since 1970-01-01, a bigint or a Date';
  const nanos = value instanceof Date ? microsOfDate(value, expected) * 1_000n : wholeOf(value, expected);
  if (
    nanos !== INFINITE_MICROS &&
    nanos !== -INFINITE_MICROS &&
    (nanos < NANOS_RANGE.least || nanos > NANOS_RANGE.most)
  )
    throw new OutputMismatch(`expected ${expected}, found a number beyond its range`);
  return new DuckDBTimestampNanosecondsValue(nanos);
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
    case DuckDBTypeId.TIMESTAMP_NS:
      return timestampNanos;
    default:
      return WRITERS[type.typeId];
  }
};
