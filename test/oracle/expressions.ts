/** The grammar of expressions: for each kind of column, what can be asked of it and what comes out. */
import type { Kind, Traits } from './value-types.ts';

/**
 * A column of a step's result. `isExact`: equal in every run; sums and averages of floats are not, and the grammar
 * does not let them decide which rows there are.
 */
export type GrammarColumn = Traits & { readonly name: string; readonly isExact: boolean };

type Result = Traits & { readonly sql: string; readonly isExact?: boolean };
type Asked = GrammarColumn & { readonly sql: string };

const count: Traits = { kind: 'integer', canSum: true, isFinite: true };
const text: Traits = { kind: 'text' };
const inexact = { kind: 'float', isFinite: false, isExact: false } as const;

/** Conditions on a column; all give a BOOLEAN. */
const CONDITIONS: Readonly<Record<Kind, (column: string) => readonly string[]>> = {
  boolean: (c) => [c, `NOT ${c}`, `${c} OR ${c} IS NULL`],
  integer: (c) => [`${c} > 0`, `${c} % 2 = 0`, `${c} BETWEEN 1 AND 50`, `${c} IN (0, 1, 7)`],
  decimal: (c) => [`${c} >= 1.5`, `${c} <> 0`],
  float: (c) => [`${c} > 0.25`, `isnan(${c})`, `${c} = 0`, `NOT isfinite(${c})`],
  text: (c) => [`${c} LIKE 'a%'`, `length(${c}) > 1`, `${c} < 'b'`, `${c} = ''`],
  moment: (c) => [`${c} >= DATE '2000-01-01'`, `isfinite(${c})`],
  time: (c) => [`${c} < TIME '12:00:00'`],
  interval: (c) => [`${c} > INTERVAL 1 DAY`],
  blob: (c) => [`octet_length(${c}) > 1`],
  uuid: (c) => [`${c} = UUID '00000000-0000-0000-0000-000000000000'`],
  bits: (c) => [`bit_count(${c}) > 1`, `${c} > CAST('01' AS BIT)`],
  clock: (c) => [`CAST(${c} AS VARCHAR) > '12'`],
  json: (c) => [`json_type(${c}) = 'OBJECT'`, `json_valid(${c})`],
  array: (c) => [`${c}[1] > 1`, `${c} = CAST([1, 2] AS INTEGER[2])`],
  enum: (c) => [`${c} = 'a'`, `${c} IN ('a', 'b')`],
  list: (c) => [`len(${c}) > 1`, `${c} = []`],
  struct: (c) => [`${c}.a = 1`, `struct_extract(${c}, 'b c') IS NULL`],
  map: (c) => [`cardinality(${c}) = 1`],
};

export const conditionsOn = ({ sql, kind }: Asked): readonly string[] => [
  `${sql} IS NULL`,
  `${sql} IS NOT NULL`,
  ...CONDITIONS[kind](sql),
];

/** Of a list's element, a struct's field or a map's key. */
const innerOf = (column: Asked, sql: string): readonly Result[] =>
  column.inner === undefined ? [] : [{ ...column.inner, sql }];

/** Expressions that keep or change a column's kind, beside the conditions. */
const SCALARS: Readonly<Record<Kind, (column: Asked) => readonly Result[]>> = {
  boolean: ({ sql }) => [{ ...count, sql: `CAST(${sql} AS INTEGER)` }],
  integer: (column) => [
    { ...count, sql: `CASE WHEN ${column.sql} > 0 THEN 1 ELSE 0 END` },
    { ...column, sql: `coalesce(${column.sql}, 0)` },
    { ...count, sql: `${column.sql} % 7` },
    { ...text, sql: `CAST(${column.sql} AS VARCHAR)` },
  ],
  decimal: (column) => [
    { ...column, sql: `coalesce(${column.sql}, 0)` },
    { ...text, sql: `CAST(${column.sql} AS VARCHAR)` },
  ],
  float: (column) => [{ ...column, sql: `coalesce(${column.sql}, 0.5)` }],
  text: ({ sql }) => [
    { ...text, sql: `upper(${sql})` },
    { ...text, sql: `substring(${sql}, 1, 2)` },
    { ...text, sql: `replace(${sql} || '-', 'a', 'bb')` },
    { ...count, sql: `length(${sql})` },
  ],
  moment: ({ sql }) => [{ ...count, sql: `year(${sql})` }],
  time: ({ sql }) => [{ ...count, sql: `hour(${sql})` }],
  interval: (column) => [{ ...column, sql: `normalized_interval(${column.sql})` }],
  blob: ({ sql }) => [
    { ...count, sql: `octet_length(${sql})` },
    { ...text, sql: `hex(${sql})` },
  ],
  uuid: ({ sql }) => [{ ...text, sql: `CAST(${sql} AS VARCHAR)` }],
  bits: ({ sql }) => [
    { ...count, sql: `bit_count(${sql})` },
    { ...text, sql: `CAST(${sql} AS VARCHAR)` },
  ],
  clock: ({ sql }) => [{ ...text, sql: `CAST(${sql} AS VARCHAR)` }],
  json: ({ sql }) => [{ ...text, sql: `json_type(${sql})` }],
  array: (column) => innerOf(column, `${column.sql}[1]`),
  enum: ({ sql }) => [{ ...text, sql: `CAST(${sql} AS VARCHAR)` }],
  list: (column) => [
    { ...count, sql: `len(${column.sql})` },
    { ...column, sql: `list_sort(${column.sql})` },
    ...innerOf(column, `${column.sql}[1]`),
  ],
  struct: (column) => innerOf(column, `${column.sql}.a`),
  map: (column) => [{ ...count, sql: `cardinality(${column.sql})` }],
};

/** Every expression over one column: the column itself, conditions, and what its kind allows. */
export const expressionsOver = (column: Asked): readonly Result[] => [
  column,
  ...conditionsOn(column).map((sql): Result => ({ kind: 'boolean', sql })),
  ...SCALARS[column.kind](column),
];

/** Aggregates that any column has. */
const aggregatesOfAll = (column: Asked): readonly Result[] => [
  { ...count, sql: `count(${column.sql})` },
  { ...column, sql: `min(${column.sql})` },
  { ...column, sql: `max(${column.sql})` },
];

/** Sums, which need no more than that they do not depend on the order of addition. */
const sumsOf = ({ sql, kind }: Asked): readonly Result[] => {
  const sumKind: Traits = kind === 'float' ? { kind, canSum: true } : { kind, canSum: true, isFinite: true };
  return [
    { ...sumKind, sql: `sum(${sql})` },
    { ...sumKind, sql: `sum(${sql}) FILTER (WHERE ${sql} > 0)` },
    { ...inexact, sql: `avg(${sql})` },
    { ...inexact, sql: `sum(${sql}) / count(*)` },
  ];
};

const momentsOf = ({ sql }: Asked): readonly Result[] => [
  { ...inexact, sql: `stddev(${sql})` },
  { ...inexact, sql: `var_pop(${sql})` },
];

/** Aggregates of a column whose parts of a group merge. Those that count or decide by values need exact columns. */
export const algebraicAggregatesOf = (column: Asked): readonly Result[] => {
  const { sql, kind, isExact } = column;
  if (!isExact) return aggregatesOfAll(column);
  const isListable = kind !== 'interval' && kind !== 'map';
  return [
    ...aggregatesOfAll(column),
    ...(isListable ? [{ kind: 'list', inner: column, sql: `max(${sql}, 2)` } as const] : []),
    ...(kind === 'boolean'
      ? [`bool_and(${sql})`, `bool_or(${sql})`].map((s): Result => ({ kind, sql: s }))
      : []),
    ...(column.canSum ? sumsOf(column) : []),
    ...(column.canSum && column.isFinite && kind !== 'decimal' ? momentsOf(column) : []),
  ];
};

/** Aggregates for which all rows of a group must meet. */
export const holisticAggregatesOf = (column: Asked): readonly Result[] => {
  const { sql, kind, isExact } = column;
  if (!isExact || kind === 'interval' || kind === 'map') return [];
  return [
    { ...count, sql: `count(DISTINCT ${sql})` },
    { kind: 'list', inner: column, sql: `list(${sql} ORDER BY ${sql} DESC NULLS LAST)` },
    ...(kind === 'text' ? [{ ...text, sql: `string_agg(${sql}, ',' ORDER BY ${sql})` }] : []),
    ...(column.isFinite && (kind === 'integer' || kind === 'float')
      ? [`median(${sql})`, `quantile_cont(${sql}, 0.25)`].map((s): Result => ({ ...inexact, sql: s }))
      : []),
  ];
};

/** Aggregates of two columns; rounded, for a covariance of zero is zero only up to its last bits. */
export const aggregatesOfTwo = (x: Asked, y: Asked): readonly Result[] => {
  const isSmall = (c: Asked) => c.kind === 'float' && c.canSum && c.isFinite && c.isExact;
  if (!isSmall(x) || !isSmall(y)) return [];
  return [`corr(${x.sql}, ${y.sql})`, `covar_samp(${x.sql}, ${y.sql})`, `regr_slope(${x.sql}, ${y.sql})`].map(
    (sql): Result => ({ ...inexact, sql: `round(${sql}, 6)` }),
  );
};

/**
 * What a result shows of a column. Of intervals that compare equal GROUP BY keeps any, so their normal form is
 * shown; inside lists their number.
 */
export const shownAs = ({ sql, kind, inner }: Asked): string => {
  if (kind === 'interval') return `normalized_interval(${sql})`;
  return kind === 'list' && inner?.kind === 'interval' ? `len(${sql})` : sql;
};
