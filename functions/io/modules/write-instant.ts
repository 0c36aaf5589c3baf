import {
  DuckDBDateValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTypeId,
  type DuckDBValue,
  intervalValue,
  timeNSValue,
  timeTZValue,
  timeValue,
} from '@duckdb/node-api';
import { OutputMismatch, within } from './output-mismatch.ts';
import { INFINITE_MICROS } from './read-cell.ts';
import { type CellWriter, inRange, refuse, wholeOf } from './write-whole.ts';

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

/** Writers of dates, times, timestamps and intervals. */
export const INSTANT_WRITERS: Readonly<Partial<Record<DuckDBTypeId, CellWriter>>> = {
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
  [DuckDBTypeId.TIMESTAMP_NS]: timestampNanos,
};
