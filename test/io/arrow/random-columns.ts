import * as fc from 'fast-check';

/** A column of random values: its DuckDB type and an expression over the row number `i`. */
export type RandomColumn = { readonly type: string; readonly expression: string };

/** An expression of a value from a text that names a random number, a big positive integer. */
type Shape = { readonly type: string; readonly valueOf: (random: string) => string };

const LEAVES: readonly Shape[] = [
  { type: 'BOOLEAN', valueOf: (r) => `${r} % 2 = 0` },
  { type: 'TINYINT', valueOf: (r) => `CAST(${r} % 256 - 128 AS TINYINT)` },
  { type: 'INTEGER', valueOf: (r) => `CAST(${r} % 4294967296 - 2147483648 AS INTEGER)` },
  { type: 'BIGINT', valueOf: (r) => `CAST(${r} - 4611686018427387904 AS BIGINT)` },
  { type: 'UBIGINT', valueOf: (r) => `CAST(${r} AS UBIGINT)` },
  { type: 'HUGEINT', valueOf: (r) => `CAST(${r} AS HUGEINT) * 1000000000000000 - 5` },
  { type: 'DOUBLE', valueOf: (r) => `CAST(${r} AS DOUBLE) / 7` },
  { type: 'DECIMAL(4,1)', valueOf: (r) => `CAST((${r} % 9999) / 10 AS DECIMAL(4,1))` },
  { type: 'DECIMAL(18,3)', valueOf: (r) => `CAST(${r} % 999999999 AS DECIMAL(18,3))` },
  { type: 'DECIMAL(38,2)', valueOf: (r) => `CAST(${r} AS DECIMAL(38,2))` },
  { type: 'DATE', valueOf: (r) => `DATE '1970-01-01' + CAST(${r} % 100000 AS INTEGER)` },
  { type: 'TIMESTAMP', valueOf: (r) => `make_timestamp(CAST(${r} % 4000000000000000 AS BIGINT))` },
  { type: 'INTERVAL', valueOf: (r) => `to_microseconds(CAST(${r} % 4000000000000 AS BIGINT))` },
  { type: 'UUID', valueOf: (r) => `CAST(md5(CAST(${r} AS VARCHAR)) AS UUID)` },
  {
    type: "ENUM('a', 'b', 'c')",
    valueOf: (r) => `CAST(['a', 'b', 'c'][${r} % 3 + 1] AS ENUM('a', 'b', 'c'))`,
  },
  {
    type: 'VARCHAR',
    valueOf: (r) => `repeat(chr(CAST(97 + ${r} % 1000 AS INTEGER)), CAST(${r} % 20 AS INTEGER))`,
  },
  { type: 'VARCHAR', valueOf: (r) => `['a short one', 'a text longer than twelve', ''][${r} % 3 + 1]` },
  { type: 'BLOB', valueOf: (r) => `unhex(md5(CAST(${r} AS VARCHAR)))[:${r} % 16 + 1]` },
];

const withNulls = (shape: Shape, every: number): Shape => ({
  type: shape.type,
  valueOf: (r) => `CASE WHEN ${r} % ${every} > 0 THEN ${shape.valueOf(r)} END`,
});

/** Another random number from one that is there. */
const next = (r: string, salt: number | string): string => `CAST(hash(${r}, ${salt}) // 2 AS BIGINT)`;

const listOf = (child: Shape, salt: number): Shape => {
  const element = `x${salt}`;
  return {
    type: `${child.type}[]`,
    valueOf: (r) =>
      `list_transform(range(CAST(${r} % 4 AS BIGINT)), lambda ${element}: ${child.valueOf(next(r, element))})`,
  };
};
const arrayOf = (child: Shape, size: number): Shape => ({
  type: `${child.type}[${size}]`,
  valueOf: (r) => {
    const items = Array.from({ length: size }, (_, index) => child.valueOf(next(r, index)));
    return `CAST(CASE WHEN ${r} % 5 > 0 THEN [${items.join(', ')}] END AS ${child.type}[${size}])`;
  },
});
const structOf = (children: readonly Shape[]): Shape => ({
  type: `STRUCT(${children.map((child, index) => `f${index} ${child.type}`).join(', ')})`,
  valueOf: (r) =>
    `{${children.map((child, index) => `f${index}: ${child.valueOf(next(r, index))}`).join(', ')}}`,
});
const mapOf = (value: Shape): Shape => ({
  type: `MAP(INTEGER, ${value.type})`,
  valueOf: (r) =>
    `MAP {1: ${value.valueOf(next(r, 1))}, CAST(2 + ${r} % 5 AS INTEGER): ${value.valueOf(next(r, 2))}}`,
});

const leaf = fc
  .record({ shape: fc.constantFrom(...LEAVES), every: fc.integer({ min: 1, max: 9 }) })
  .map(({ shape, every }) => (every === 1 ? shape : withNulls(shape, every)));

/** DuckDB has no CASE over arrays, so an array brings its own nulls and is never wrapped. */
const shape = (depth: number): fc.Arbitrary<Shape> => {
  if (depth === 0) return leaf;
  const inner = shape(depth - 1);
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    fc
      .record({ child: inner, every: fc.integer({ min: 2, max: 9 }) })
      .map(({ child, every }) => withNulls(listOf(child, depth), every)),
    fc
      .record({ child: leaf, size: fc.integer({ min: 1, max: 3 }) })
      .map(({ child, size }) => arrayOf(child, size)),
    fc.array(inner, { minLength: 1, maxLength: 3 }).map(structOf),
    inner.map(mapOf),
  );
};

export const randomColumn: fc.Arbitrary<RandomColumn> = fc
  .record({ shape: shape(3), salt: fc.integer({ min: 0, max: 1_000_000 }) })
  .map((column) => ({ type: column.shape.type, expression: column.shape.valueOf(next('i', column.salt)) }));
