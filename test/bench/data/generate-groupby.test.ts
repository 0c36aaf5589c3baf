import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DataFiles, generateGroupBy } from '../../../bench/data/generate-groupby.ts';

const ROWS = 1e4;
let instance: DuckDBInstance;
let connection: DuckDBConnection;
let plain: DataFiles;
let withNulls: DataFiles;

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
  plain = await generateGroupBy({ rows: ROWS });
  withNulls = await generateGroupBy({ rows: ROWS, nullPercent: 5, order: 'sorted' });
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

const readRow = async (sql: string): Promise<readonly string[]> =>
  ((await connection.runAndReadAll(sql)).getRows()[0] ?? []).map(String);

describe('generateGroupBy', () => {
  it('draws ids and values from the ranges of the original', async () => {
    const bounds = ['id1', 'id2', 'id3', 'id4', 'id5', 'id6', 'v1', 'v2'].map((c) => `min(${c}), max(${c})`);
    expect(await readRow(`SELECT count(*), ${bounds.join(', ')} FROM '${plain.parquet}'`)).toEqual([
      ...['10000', 'id001', 'id100', 'id001', 'id100', 'id0000000001', 'id0000000100'],
      ...['1', '100', '1', '100', '1', '100', '1', '5', '1', '15'],
    ]);
    const sql = `SELECT min(v3) >= 0 AND max(v3) <= 100 AND bool_and(round(v3, 6) = v3) FROM '${plain.parquet}'`;
    expect(await readRow(sql)).toEqual(['true']);
  });

  it('turns the asked share of ids and of values into NULL, and sorts by the ids', async () => {
    const ids = ['id1', 'id2', 'id3', 'id4', 'id5', 'id6'].map((id) => `count(DISTINCT ${id})`);
    const values = ['v1', 'v2', 'v3'].map((value) => `count(*) - count(${value})`);
    expect(await readRow(`SELECT ${[...ids, ...values].join(', ')} FROM '${withNulls.parquet}'`)).toEqual([
      ...['95', '95', '95', '95', '95', '95'],
      ...['500', '500', '500'],
    ]);
    const unsorted = `SELECT count(*) FROM (SELECT (id1, id2) AS k, lag((id1, id2)) OVER () AS b
      FROM '${withNulls.parquet}') WHERE k < b`;
    expect(await readRow(unsorted)).toEqual(['0']);
  });

  it('writes the same rows as CSV and as Parquet', async () => {
    const sql = `SELECT count(*) FROM (FROM read_csv('${withNulls.csv}') EXCEPT ALL FROM '${withNulls.parquet}')`;
    expect(await readRow(sql)).toEqual(['0']);
  });
});
