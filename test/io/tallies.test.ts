import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerTallies, type TallyCounts } from '../../functions/io/tallies.ts';
import type { Tally } from '../../functions/sql/tally.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '4' });
  connection = await instance.connect();
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

const ROWS = 500_000;

/** Runs one query with one witness and returns what it counted. */
const observe = async (tally: Omit<Tally, 'name'>, sql: string): Promise<TallyCounts> => {
  const counts = registerTallies(connection, [{ name: 'seen', ...tally }]);
  await connection.run(sql);
  return counts;
};

const NOTHING = { dropped: 0, grown: 0, folded: 0, cut: 0 };

describe('registerTallies', () => {
  it('counts the rows read, on every thread, and keeps them', async () => {
    const tally = { step: 'input', term: 'read', keeps: 1 } as const;
    const counts = await observe(tally, `CREATE OR REPLACE TABLE t AS FROM range(${ROWS}) r(i) WHERE seen()`);
    expect(counts).toMatchObject({ ...NOTHING, read: ROWS });
    expect(counts.bySteps.size).toBe(0);
    const [[kept] = []] = (await connection.runAndReadAll('SELECT count(*) FROM t')).getRows();
    expect(kept).toBe(BigInt(ROWS));
  });

  it('counts the rows dropped, and drops them', async () => {
    const tally = { step: 2, term: 'dropped', keeps: 0 } as const;
    const sql = `CREATE OR REPLACE TABLE t AS FROM range(${ROWS}) r(i) WHERE CASE WHEN i % 3 = 0 THEN 1 ELSE seen() END`;
    const dropped = ROWS - Math.ceil(ROWS / 3);
    const counts = await observe(tally, sql);
    expect(counts).toMatchObject({ ...NOTHING, read: 0, dropped });
    expect([...counts.bySteps]).toEqual([[2, { ...NOTHING, dropped }]]);
    const [[kept] = []] = (await connection.runAndReadAll('SELECT count(*) FROM t')).getRows();
    expect(kept).toBe(BigInt(ROWS - dropped));
  });

  it.each([
    ['empty lists as dropped, longer ones as grown', 'lengths', { ...NOTHING, dropped: 2, grown: 3 }],
    [
      'groups beyond their first row as folded, the group of no rows as grown',
      'folded',
      { ...NOTHING, grown: 2, folded: 3 },
    ],
  ] as const)('counts %s', async (_, term, expected) => {
    const sql = 'SELECT count(*) FROM (VALUES (0.0), (1), (0), (4)) v(n) WHERE seen(n::DOUBLE)';
    const counts = await observe({ step: 0, term, keeps: 1 }, sql);
    expect(counts.bySteps.get(0)).toEqual(expected);
    expect(counts).toMatchObject(expected);
  });

  it.each([
    [0, 10, 0],
    [10, 10, 0],
    [11, 10, 1],
    [ROWS, 10, ROWS - 10],
    [ROWS, ROWS + 1, 0],
  ])('counts of %i rows that enter a limit of %i those cut: %i', async (rows, limit, cut) => {
    const sql = `SELECT count(seen) FROM (SELECT seen() AS seen FROM range(${rows}))`;
    const counts = await observe({ step: 1, term: 'entered', keeps: 1, limit }, sql);
    expect(counts.bySteps.get(1)).toEqual({ ...NOTHING, cut });
    expect(counts.cut).toBe(cut);
  });

  it('counts a constant argument once for each row', async () => {
    const sql = `SELECT count(*) FROM range(${ROWS}) WHERE seen(3::DOUBLE)`;
    const counts = await observe({ step: 0, term: 'lengths', keeps: 1 }, sql);
    expect(counts.grown).toBe(2 * ROWS);
  });

  it('starts from nothing where a name is registered again', async () => {
    const tally = { step: 'input', term: 'read', keeps: 1 } as const;
    const before = await observe(tally, 'SELECT count(*) FROM range(5) WHERE seen()');
    const after = await observe(tally, 'SELECT count(*) FROM range(7) WHERE seen()');
    expect([before.read, after.read]).toEqual([5, 7]);
  });
});
