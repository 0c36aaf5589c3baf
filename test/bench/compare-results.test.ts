import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { findQueryDifference, type Tolerance } from '../../bench/compare-results.ts';

const compare = async (left: string, right: string, tolerance?: Tolerance): Promise<string | undefined> => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return await findQueryDifference(connection, left, right, tolerance);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};
const rows = (columns: string, ...values: readonly string[]): string =>
  `SELECT * FROM (VALUES ${values.map((value) => `(${value})`).join(', ')}) AS t(${columns})`;

describe('findQueryDifference', () => {
  it.each([
    ['rows in another order', rows('a', '1', '2', '3'), rows('a', '3', '1', '2')],
    ['NULL with NULL', rows('a, b', 'NULL::INT, 1.0::DOUBLE'), rows('a, b', 'NULL::INT, 1.0::DOUBLE')],
    ['NaN with NaN', rows('a', "'nan'::DOUBLE"), rows('a', "'nan'::DOUBLE")],
    ['-0.0 with 0.0', rows('a', '-0.0::DOUBLE'), rows('a', '0.0::DOUBLE')],
    ['infinity with infinity', rows('a', "'inf'::DOUBLE"), rows('a', "'inf'::DOUBLE")],
    ['-0.0 and NaN inside a list', rows('a', "[-0.0::DOUBLE, 'nan']"), rows('a', "[0.0::DOUBLE, 'nan']")],
    ['floats within 1e-9', rows('k, a', '1, 1e9::DOUBLE'), rows('k, a', '1, 1000000000.9::DOUBLE')],
    ['duplicates as often', rows('a', '1', '1', '2'), rows('a', '2', '1', '1')],
    ['a month with 30 days', rows('a', "INTERVAL '1 month'"), rows('a', "INTERVAL '30 days'")],
    ['no rows', 'SELECT 1 AS a WHERE false', 'SELECT 1 AS a WHERE false'],
    [
      'float rows whose first columns differ in the last bits only',
      rows('a, b', '1.0::DOUBLE, 5.0::DOUBLE', '1.0000000000000002::DOUBLE, 3.0::DOUBLE'),
      rows('a, b', '1.0000000000000002::DOUBLE, 5.0::DOUBLE', '1.0::DOUBLE, 3.0::DOUBLE'),
    ],
    ['names with quotes', 'SELECT 1 AS "a""b", 2 AS c0', 'SELECT 1 AS "a""b", 2 AS c0'],
  ])('takes as equal: %s', async (_law, left, right) => {
    expect(await compare(left, right)).toBeUndefined();
  });

  it.each([
    ['another value', rows('a', '1', '2'), rows('a', '1', '3'), /2 rows have no equal/],
    [
      'a missing row',
      rows('a', '1', '2'),
      rows('a', '1'),
      /1 rows .*left 2, right 1 rows\):\s+left: {'a': 2}/,
    ],
    ['a row too often', rows('a', '1', '1', '2'), rows('a', '1', '2', '2'), /no equal/],
    ['another type', 'SELECT 1::INT AS a', 'SELECT 1::BIGINT AS a', /left: a INTEGER\s+right: a BIGINT/],
    ['another name', 'SELECT 1 AS a', 'SELECT 1 AS b', /columns differ/],
    ['another order of columns', 'SELECT 1 AS a, 1 AS b', 'SELECT 1 AS b, 1 AS a', /columns differ/],
    ['NULL against a value', rows('a', 'NULL::DOUBLE'), rows('a', '0.0::DOUBLE'), /no equal/],
    ['NaN against a value', rows('a', "'nan'::DOUBLE"), rows('a', '5.0::DOUBLE'), /no equal/],
    ['NaN against infinity', rows('a', "'nan'::DOUBLE"), rows('a', "'inf'::DOUBLE"), /no equal/],
    ['infinity against a value', rows('a', "'inf'::DOUBLE"), rows('a', '5.0::DOUBLE'), /no equal/],
    ['infinity of another sign', rows('a', "'inf'::DOUBLE"), rows('a', "'-inf'::DOUBLE"), /no equal/],
    [
      'the largest float of another sign',
      rows('a', '1.7e308::DOUBLE'),
      rows('a', '-1.7e308::DOUBLE'),
      /no equal/,
    ],
    [
      'floats apart by 1.1e-9',
      rows('k, a', '1, 1e9::DOUBLE'),
      rows('k, a', '1, 1000000001.1::DOUBLE'),
      /no equal/,
    ],
    ['a tiny float against zero', rows('a', '1e-300::DOUBLE'), rows('a', '0.0::DOUBLE'), /no equal/],
    ['an empty side', 'SELECT 1 AS a WHERE false', 'SELECT 1 AS a', /left 0, right 1 rows/],
    [
      'floats that sum up alike but sit in other rows',
      rows('a, b', '1.0::DOUBLE, 5.0::DOUBLE', '2.0::DOUBLE, 3.0::DOUBLE'),
      rows('a, b', '1.0::DOUBLE, 3.0::DOUBLE', '2.0::DOUBLE, 5.0::DOUBLE'),
      /4 rows have no equal/,
    ],
  ])('finds %s', async (_law, left, right, sentence) => {
    expect(await compare(left, right)).toMatch(sentence);
  });

  it('allows an absolute difference only where it is given', async () => {
    const [left, right] = [rows('k, a', '1, 1e-33::DOUBLE'), rows('k, a', '1, 7e-33::DOUBLE')];
    expect(await compare(left, right)).toMatch(/no equal/);
    expect(await compare(left, right, { absolute: 1e-18 })).toBeUndefined();
    expect(await compare(left, right, { absolute: 1e-34 })).toMatch(/no equal/);
  });
});
