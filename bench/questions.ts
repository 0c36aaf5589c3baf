/**
 * The questions that Daybreak is measured by, each as the steps of a spec and as the straightforward SQL.
 *
 * q1 to q10: the group-by questions of the h2oai/DuckDB db-benchmark, in its own SQL. Q1, Q6, Q18: TPC-H over
 * `lineitem`; Q18 is its inner group-by.
 *
 * @see https://github.com/duckdblabs/db-benchmark/blob/main/duckdb/groupby-duckdb.py
 * @see https://www.tpc.org/tpch/
 */
import type { Tolerance } from './compare-results.ts';

export type Question = {
  readonly name: string;
  readonly title: string;
  readonly table: 'groupby' | 'lineitem';
  /** The `steps` of a job spec. */
  readonly steps: readonly Readonly<Record<string, unknown>>[];
  /** The whole query; `from` is a table function that reads the input. */
  readonly sql: (from: string) => string;
  /** Where floats cannot be equal within 1e-9 relative, because plain DuckDB differs from itself by more. */
  readonly tolerance?: Tolerance;
};

/**
 * The square of a correlation of zero is the square of rounding noise (about 1e-33): two runs of the same DuckDB
 * with two threads give other values. A noise of 1e-15 in corr moves r2 by more than 1e-9 of itself only where
 * corr is below 2e-6, and there by less than 1e-20.
 */
const R_SQUARED_TOLERANCE: Tolerance = { absolute: 1e-18 };

const groupBy = (keys: readonly string[], aggregates: Readonly<Record<string, string>>) => ({
  group_by: { keys, aggregates },
});

const GROUPBY_QUESTIONS: readonly Question[] = [
  {
    name: 'q1',
    title: 'sum v1 by id1',
    table: 'groupby',
    steps: [groupBy(['id1'], { v1: 'sum(v1)' })],
    sql: (from) => `SELECT id1, sum(v1) AS v1 FROM ${from} GROUP BY id1`,
  },
  {
    name: 'q2',
    title: 'sum v1 by id1:id2',
    table: 'groupby',
    steps: [groupBy(['id1', 'id2'], { v1: 'sum(v1)' })],
    sql: (from) => `SELECT id1, id2, sum(v1) AS v1 FROM ${from} GROUP BY id1, id2`,
  },
  {
    name: 'q3',
    title: 'sum v1 mean v3 by id3',
    table: 'groupby',
    steps: [groupBy(['id3'], { v1: 'sum(v1)', v3: 'avg(v3)' })],
    sql: (from) => `SELECT id3, sum(v1) AS v1, avg(v3) AS v3 FROM ${from} GROUP BY id3`,
  },
  {
    name: 'q4',
    title: 'mean v1:v3 by id4',
    table: 'groupby',
    steps: [groupBy(['id4'], { v1: 'avg(v1)', v2: 'avg(v2)', v3: 'avg(v3)' })],
    sql: (from) => `SELECT id4, avg(v1) AS v1, avg(v2) AS v2, avg(v3) AS v3 FROM ${from} GROUP BY id4`,
  },
  {
    name: 'q5',
    title: 'sum v1:v3 by id6',
    table: 'groupby',
    steps: [groupBy(['id6'], { v1: 'sum(v1)', v2: 'sum(v2)', v3: 'sum(v3)' })],
    sql: (from) => `SELECT id6, sum(v1) AS v1, sum(v2) AS v2, sum(v3) AS v3 FROM ${from} GROUP BY id6`,
  },
  {
    name: 'q6',
    title: 'median v3 sd v3 by id4 id5',
    table: 'groupby',
    steps: [groupBy(['id4', 'id5'], { median_v3: 'quantile_cont(v3, 0.5)', sd_v3: 'stddev(v3)' })],
    sql: (from) =>
      `SELECT id4, id5, quantile_cont(v3, 0.5) AS median_v3, stddev(v3) AS sd_v3 FROM ${from} GROUP BY id4, id5`,
  },
  {
    name: 'q7',
    title: 'max v1 - min v2 by id3',
    table: 'groupby',
    steps: [groupBy(['id3'], { range_v1_v2: 'max(v1) - min(v2)' })],
    sql: (from) => `SELECT id3, max(v1) - min(v2) AS range_v1_v2 FROM ${from} GROUP BY id3`,
  },
  {
    name: 'q8',
    title: 'largest two v3 by id6',
    table: 'groupby',
    steps: [
      { filter: 'v3 IS NOT NULL' },
      groupBy(['id6'], { largest2_v3: 'max(v3, 2)' }),
      { unnest: 'largest2_v3' },
    ],
    sql: (from) =>
      `SELECT id6, unnest(max(v3, 2)) AS largest2_v3 FROM ${from} WHERE v3 IS NOT NULL GROUP BY id6`,
  },
  {
    name: 'q9',
    title: 'regression v1 v2 by id2 id4',
    table: 'groupby',
    steps: [groupBy(['id2', 'id4'], { r2: 'pow(corr(v1, v2), 2)' })],
    sql: (from) => `SELECT id2, id4, pow(corr(v1, v2), 2) AS r2 FROM ${from} GROUP BY id2, id4`,
    tolerance: R_SQUARED_TOLERANCE,
  },
  {
    name: 'q10',
    title: 'sum v3 count by id1:id6',
    table: 'groupby',
    steps: [groupBy(['id1', 'id2', 'id3', 'id4', 'id5', 'id6'], { v3: 'sum(v3)', count: 'count(*)' })],
    sql: (from) =>
      `SELECT id1, id2, id3, id4, id5, id6, sum(v3) AS v3, count(*) AS count FROM ${from}
       GROUP BY id1, id2, id3, id4, id5, id6`,
  },
];

const TPCH_QUESTIONS: readonly Question[] = [
  {
    name: 'tpch1',
    title: 'TPC-H Q1, pricing summary',
    table: 'lineitem',
    steps: [
      { filter: "l_shipdate <= DATE '1998-12-01' - INTERVAL 90 DAY" },
      groupBy(['l_returnflag', 'l_linestatus'], {
        sum_qty: 'sum(l_quantity)',
        sum_base_price: 'sum(l_extendedprice)',
        sum_disc_price: 'sum(l_extendedprice * (1 - l_discount))',
        sum_charge: 'sum(l_extendedprice * (1 - l_discount) * (1 + l_tax))',
        avg_qty: 'avg(l_quantity)',
        avg_price: 'avg(l_extendedprice)',
        avg_disc: 'avg(l_discount)',
        count_order: 'count(*)',
      }),
      // The query has no limit; a `sort` step must have one.
      { sort: { by: ['l_returnflag', 'l_linestatus'], limit: 1000 } },
    ],
    sql: (from) =>
      `SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price,
         sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price,
         sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge,
         avg(l_quantity) AS avg_qty, avg(l_extendedprice) AS avg_price, avg(l_discount) AS avg_disc,
         count(*) AS count_order
       FROM ${from} WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL 90 DAY
       GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus`,
  },
  {
    name: 'tpch6',
    title: 'TPC-H Q6, forecast of revenue change',
    table: 'lineitem',
    steps: [
      {
        filter:
          "l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1994-01-01' + INTERVAL 1 YEAR" +
          ' AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01 AND l_quantity < 24',
      },
      groupBy([], { revenue: 'sum(l_extendedprice * l_discount)' }),
    ],
    sql: (from) =>
      `SELECT sum(l_extendedprice * l_discount) AS revenue FROM ${from}
       WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1994-01-01' + INTERVAL 1 YEAR
         AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01 AND l_quantity < 24`,
  },
  {
    name: 'tpch18',
    title: 'TPC-H Q18, its inner group-by',
    table: 'lineitem',
    steps: [
      groupBy(['l_orderkey'], { quantity: 'sum(l_quantity)' }),
      { filter: 'quantity > 300' },
      { select: { l_orderkey: 'l_orderkey' } },
    ],
    sql: (from) => `SELECT l_orderkey FROM ${from} GROUP BY l_orderkey HAVING sum(l_quantity) > 300`,
  },
];

export const QUESTIONS: readonly Question[] = [...GROUPBY_QUESTIONS, ...TPCH_QUESTIONS];

/** The question of that name; fails naming those there are. */
export const findQuestion = (name: string): Question => {
  const question = QUESTIONS.find((candidate) => candidate.name === name);
  if (question === undefined) {
    throw new Error(`no question ${name}; there are ${QUESTIONS.map((known) => known.name).join(', ')}`);
  }
  return question;
};
