import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findQueryDifference } from '../../bench/compare-results.ts';
import { generateGroupBy } from '../../bench/data/generate-groupby.ts';
import { QUESTIONS } from '../../bench/questions.ts';
import type { Step } from '../oracle/grammar.ts';
import { renderOracleSql } from '../oracle/render-sql.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
  const { parquet } = await generateGroupBy({ rows: 1e4, nullPercent: 5 });
  await connection.run(`CREATE TABLE groupby AS FROM '${parquet}'`);
  await connection.run(`
    SELECT setseed(0.1);
    CREATE TABLE lineitem AS SELECT
      CAST(random() * 100 AS BIGINT) AS l_orderkey,
      CAST(random() * 50 AS DECIMAL(15,2)) AS l_quantity,
      CAST(random() * 10000 AS DECIMAL(15,2)) AS l_extendedprice,
      CAST(random() / 10 AS DECIMAL(15,2)) AS l_discount,
      CAST(random() / 10 AS DECIMAL(15,2)) AS l_tax,
      chr(65 + CAST(random() * 3 AS INTEGER)) AS l_returnflag,
      chr(65 + CAST(random() * 2 AS INTEGER)) AS l_linestatus,
      DATE '1992-01-01' + CAST(random() * 2500 AS INTEGER) AS l_shipdate
    FROM range(2000)`);
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

describe('the questions', () => {
  it.each(QUESTIONS)('ask by steps what they ask by SQL: $name', async ({ table, steps, sql, tolerance }) => {
    const bySteps = renderOracleSql(steps as readonly Step[], table);
    const answer = await connection.runAndReadAll(`SELECT count(*) FROM (${sql(table)})`);
    expect(Number(answer.getRows()[0]?.[0])).toBeGreaterThan(0);
    expect(await findQueryDifference(connection, bySteps, sql(table), tolerance)).toBeUndefined();
  });
});
