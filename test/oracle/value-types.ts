/**
 * Every type that a column of an input can have, with the values worth trying. A type that a file format cannot
 * hold is stored as text and cast by the first step of the spec.
 */
import fc from 'fast-check';
import { quoteText } from '../../functions/sql/quote.ts';

export const DATA_FORMATS = ['parquet', 'csv', 'jsonl'] as const;
export type DataFormat = (typeof DATA_FORMATS)[number];

/** What the grammar of expressions needs to know of a column. */
export type Kind =
  | 'boolean'
  | 'integer'
  | 'decimal'
  | 'float'
  | 'text'
  | 'moment'
  | 'time'
  | 'interval'
  | 'blob'
  | 'uuid'
  | 'bits'
  | 'clock'
  | 'json'
  | 'array'
  | 'enum'
  | 'list'
  | 'struct'
  | 'map';

export type Traits = {
  readonly kind: Kind;
  /** Sums are the same in any order of addition, and do not overflow. */
  readonly canSum?: boolean;
  /** No NaN and no infinity, so that variances are defined. */
  readonly isFinite?: boolean;
  /** Of a list: its elements. Of a struct: its field `a`. Of a map: its keys. */
  readonly inner?: Traits;
};
export type ValueType = Traits & {
  /** DuckDB's name of the type. */
  readonly type: string;
  /** SQL expressions of values, not NULL. */
  readonly value: fc.Arbitrary<string>;
  /** How files hold it: as itself, as text that the spec casts, or not at all. */
  readonly storage: Readonly<Partial<Record<DataFormat, 'itself' | 'text'>>>;
};

const EVERYWHERE = { parquet: 'itself', csv: 'text', jsonl: 'itself' } as const;
const NOT_IN_JSON = { parquet: 'itself', csv: 'text' } as const;
/** In Parquet DuckDB writes it as another type. */
const AS_TEXT = { parquet: 'text', csv: 'text' } as const;
const IN_PARQUET = { parquet: 'itself' } as const;

const oneOf = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const cast = (type: string, ...texts: readonly string[]): fc.Arbitrary<string> =>
  oneOf(...texts.map((text) => `CAST(${quoteText(text)} AS ${type})`));

const smallNumber = fc.integer({ min: 0, max: 100 }).map(String);

const integer = (type: string, least: string, greatest: string): ValueType => ({
  type,
  kind: 'integer',
  canSum: true,
  isFinite: true,
  value: fc.oneof(
    oneOf(least, greatest, '0', '1').map((n) => `CAST('${n}' AS ${type})`),
    smallNumber.map((n) => `${n}::${type}`),
  ),
  storage: EVERYWHERE,
});

/** Beyond DECIMAL(38,0), which is what outputs and blocks hold, is an error by name: not the grammar's business. */
const GREATEST_38_DIGITS = '9'.repeat(38);
const hugeinteger = (type: string, least: string): ValueType => ({
  ...integer(type, least, GREATEST_38_DIGITS),
  canSum: false,
  storage: AS_TEXT,
});

const decimal = (width: number, scale: number, ...texts: readonly string[]): ValueType => ({
  type: `DECIMAL(${width},${scale})`,
  kind: 'decimal',
  canSum: width < 38,
  isFinite: true,
  value: cast(`DECIMAL(${width},${scale})`, ...texts),
  // JSON numbers pass through DOUBLE.
  storage: { ...EVERYWHERE, jsonl: 'text' },
});

/** Quarters add up exactly in any order. */
const quarters = fc.integer({ min: -40, max: 40 }).map((n) => `${n / 4}`);
const floats = (type: string, more: readonly string[], traits: Partial<ValueType>): ValueType => {
  const plain = quarters.map((n) => `CAST('${n}' AS ${type})`);
  return {
    type,
    kind: 'float',
    value: more.length === 0 ? plain : fc.oneof(cast(type, ...more), plain),
    storage: NOT_IN_JSON,
    ...traits,
  };
};

const WORDS = [
  '',
  ' ',
  'a',
  'A',
  'ab',
  'ä',
  'a\u0308',
  'ß',
  '日本',
  '🙂',
  "it's",
  'a,b',
  '"q"',
  'x\ny',
  '\t',
  'NULL',
];
const words = fc.oneof(
  oneOf(...WORDS, '0', '1e5', 'true', '2024-01-01', 'x'.repeat(300)),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
);

const list = (element: ValueType): ValueType => ({
  type: `${element.type}[]`,
  kind: 'list',
  inner: element,
  value: fc
    .array(fc.option(element.value, { nil: 'NULL', freq: 4 }), { maxLength: 4 })
    .map((values) => `CAST([${values.join(', ')}] AS ${element.type}[])`),
  storage: element.storage.parquet === 'text' ? AS_TEXT : { ...element.storage, csv: 'text' },
});

const SCALAR_TYPES = {
  boolean: { type: 'BOOLEAN', kind: 'boolean', value: oneOf('true', 'false'), storage: EVERYWHERE },
  tinyint: integer('TINYINT', '-128', '127'),
  smallint: integer('SMALLINT', '-32768', '32767'),
  integer: integer('INTEGER', '-2147483648', '2147483647'),
  bigint: integer('BIGINT', '-9223372036854775808', '9223372036854775807'),
  utinyint: integer('UTINYINT', '0', '255'),
  usmallint: integer('USMALLINT', '0', '65535'),
  uinteger: integer('UINTEGER', '0', '4294967295'),
  ubigint: integer('UBIGINT', '0', '18446744073709551615'),
  hugeint: hugeinteger('HUGEINT', `-${GREATEST_38_DIGITS}`),
  uhugeint: hugeinteger('UHUGEINT', '0'),
  float: floats('FLOAT', ['nan', '-0.0', 'inf', '-inf', '0.0'], { canSum: true }),
  double: floats('DOUBLE', ['nan', '-0.0', 'inf', '-inf', '0.0'], { canSum: true }),
  finiteDouble: floats('DOUBLE', [], { canSum: true, isFinite: true, storage: EVERYWHERE }),
  extremeDouble: floats(
    'DOUBLE',
    ['1.7976931348623157e308', '5e-324', '-1e-300', '0.1', '0.30000000000000004'],
    {},
  ),
  decimal4: decimal(4, 1, '0', '1.5', '-1.5', '999.9'),
  decimal9: decimal(9, 2, '0', '1.50', '-1.50', '9999999.99'),
  decimal18: decimal(18, 3, '0', '1.500', '-1.500', '999999999999999.999'),
  decimal38: decimal(38, 9, '0', '1.5', '-1.5', '99999999999999999999999999999.123456789'),
  varchar: {
    type: 'VARCHAR',
    kind: 'text',
    value: words.map(quoteText),
    storage: { ...EVERYWHERE, csv: 'itself' },
  },
  varcharWithNul: {
    type: 'VARCHAR',
    kind: 'text',
    value: oneOf("'a'", "'a' || chr(0)", "chr(0) || 'a'", "'a' || chr(0) || 'b'"),
    storage: IN_PARQUET,
  },
  blob: {
    type: 'BLOB',
    kind: 'blob',
    value: cast('BLOB', '', 'a', '\\x00', '\\xFF\\x00a', 'a\\x00'),
    storage: NOT_IN_JSON,
  },
  date: {
    type: 'DATE',
    kind: 'moment',
    value: cast(
      'DATE',
      '2024-02-29',
      '1970-01-01',
      '1969-12-31',
      '0001-01-01',
      '9999-12-31',
      'infinity',
      '-infinity',
    ),
    storage: NOT_IN_JSON,
  },
  time: {
    type: 'TIME',
    kind: 'time',
    value: cast('TIME', '00:00:00', '12:30:00.5', '23:59:59.999999', '24:00:00'),
    storage: NOT_IN_JSON,
  },
  timestamp: {
    type: 'TIMESTAMP',
    kind: 'moment',
    value: cast(
      'TIMESTAMP',
      '2024-02-29 12:00:00',
      '1969-12-31 23:59:59.999999',
      '1970-01-01',
      'infinity',
      '-infinity',
    ),
    storage: NOT_IN_JSON,
  },
  timestampS: {
    type: 'TIMESTAMP_S',
    kind: 'moment',
    value: cast('TIMESTAMP_S', '2024-02-29 12:00:00', '1969-12-31 23:59:59', '1970-01-01'),
    storage: AS_TEXT,
  },
  timestampMs: {
    type: 'TIMESTAMP_MS',
    kind: 'moment',
    value: cast('TIMESTAMP_MS', '2024-02-29 12:00:00.001', '1969-12-31 23:59:59.999', '1970-01-01'),
    storage: AS_TEXT,
  },
  timestampNs: {
    type: 'TIMESTAMP_NS',
    kind: 'moment',
    value: cast(
      'TIMESTAMP_NS',
      '2024-02-29 12:00:00.000000001',
      '1969-12-31 23:59:59.999999999',
      '1970-01-01',
    ),
    storage: NOT_IN_JSON,
  },
  timestamptz: {
    type: 'TIMESTAMP WITH TIME ZONE',
    kind: 'moment',
    value: cast(
      'TIMESTAMPTZ',
      '2024-02-29 12:00:00+02',
      '2024-02-29 10:00:00+00',
      '1969-12-31 23:59:59.999999-11',
      'infinity',
    ),
    storage: NOT_IN_JSON,
  },
  // DuckDB compares these by instant, then by offset; Parquet keeps the instant alone.
  timetz: {
    type: 'TIME WITH TIME ZONE',
    kind: 'clock',
    value: cast('TIMETZ', '00:00:00+00', '12:30:00.5+00', '23:59:59.999999+00'),
    storage: NOT_IN_JSON,
  },
  timeNs: {
    type: 'TIME_NS',
    kind: 'clock',
    value: cast('TIME_NS', '00:00:00', '12:30:00.000000001', '23:59:59.999999999'),
    storage: AS_TEXT,
  },
  bits: {
    type: 'BIT',
    kind: 'bits',
    value: cast('BIT', '0', '1', '01', '0000000011', '101010101'),
    storage: AS_TEXT,
  },
  json: {
    type: 'JSON',
    kind: 'json',
    value: cast('JSON', '1', '"a"', '{"a": 1}', '{"a":1}', '[1, null]', 'null'),
    storage: { parquet: 'itself', csv: 'text' },
  },
  interval: {
    type: 'INTERVAL',
    kind: 'interval',
    value: cast(
      'INTERVAL',
      '1 month',
      '30 days',
      '720 hours',
      '-1 day',
      '0 seconds',
      '1.5 seconds',
      '13 months',
    ),
    storage: AS_TEXT,
  },
  uuid: {
    type: 'UUID',
    kind: 'uuid',
    value: cast(
      'UUID',
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      '80000000-0000-4000-8000-000000000001',
    ),
    storage: NOT_IN_JSON,
  },
  enum: {
    type: "ENUM('b', 'a', 'it''s')",
    kind: 'enum',
    value: cast("ENUM('b', 'a', 'it''s')", 'b', 'a', "it's"),
    storage: AS_TEXT,
  },
} as const satisfies Readonly<Record<string, ValueType>>;

const pair = `STRUCT("a" INTEGER, "b c" DOUBLE)`;
const NESTED_TYPES = {
  integers: list(SCALAR_TYPES.integer),
  hugeints: list(SCALAR_TYPES.hugeint),
  doubles: list(SCALAR_TYPES.double),
  texts: { ...list(SCALAR_TYPES.varchar), storage: { parquet: 'itself', jsonl: 'itself' } },
  dates: list(SCALAR_TYPES.date),
  intervals: list(SCALAR_TYPES.interval),
  lists: list(list(SCALAR_TYPES.integer)),
  struct: {
    type: pair,
    kind: 'struct',
    inner: SCALAR_TYPES.integer,
    value: fc
      .tuple(oneOf('1', '2', 'NULL'), oneOf("'nan'", '-0.0', '0.0', 'NULL'))
      .map(([a, b]) => `CAST({'a': ${a}, 'b c': CAST(${b} AS DOUBLE)} AS ${pair})`),
    storage: NOT_IN_JSON,
  },
  // Parquet holds it as a list.
  array: {
    type: 'INTEGER[2]',
    kind: 'array',
    inner: SCALAR_TYPES.integer,
    value: oneOf('[1, 2]', '[2, 1]', '[NULL, 1]', '[NULL, NULL]').map(
      (value) => `CAST(${value} AS INTEGER[2])`,
    ),
    storage: AS_TEXT,
  },
  map: {
    type: 'MAP(VARCHAR, INTEGER)',
    kind: 'map',
    inner: SCALAR_TYPES.varchar,
    value: oneOf('MAP {}', "MAP {'a': 1}", "MAP {'a': 1, 'b': NULL}", "MAP {'b': NULL, 'a': 1}").map(
      (value) => `CAST(${value} AS MAP(VARCHAR, INTEGER))`,
    ),
    storage: IN_PARQUET,
  },
} as const satisfies Readonly<Record<string, ValueType>>;

const ALL_TYPES = { ...SCALAR_TYPES, ...NESTED_TYPES };

/** The types that a column of an input can have, by names of the grammar's own. */
export type TypeName = keyof typeof ALL_TYPES;
export const VALUE_TYPES: Readonly<Record<TypeName, ValueType>> = ALL_TYPES;
export const TYPE_NAMES = Object.keys(ALL_TYPES) as readonly TypeName[];
