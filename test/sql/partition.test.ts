/**
 * Law: rows that GROUP BY puts in one group go to one partition, whatever the type and however deep the value.
 * What assigns them is the hash of the engine: docs/decisions/0007-partition-function.md.
 */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlannedStep } from '../../functions/contract/planned-steps.ts';
import { renderPartition } from '../../functions/sql/compile-steps.ts';
import { announceSeed } from '../oracle/grammar.ts';
import { TYPE_NAMES, VALUE_TYPES } from '../oracle/value-types.ts';

/** Many, and coprime to what hashes are rounded to: two different hashes are hardly ever one partition. */
const PARTITIONS = 1_000_003;

let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

const step: PlannedStep = { kind: 'repartition', step: 0, columns: [], by: ['k'] };
const partition = renderPartition({ by: ['k'], partitions: PARTITIONS, step });

/** The groups of the values in order of their first, and in how many partitions each lies. */
const groupsOf = async (type: string, values: readonly string[]) => {
  const rows = values.map((value, index) => `(${index}, CAST(${value} AS ${type}))`).join(', ');
  const result = await connection.runAndReadAll(`
    SELECT list(i ORDER BY i), count(DISTINCT ${partition})::INTEGER
    FROM (SELECT * FROM (VALUES ${rows}) AS t(i, k)) GROUP BY k ORDER BY min(i)`);
  return result.getRowsJson().map(([members, partitions]) => ({ members, partitions }));
};

/** Values that are one group, though their bits or texts differ. */
const EQUAL: readonly (readonly [type: string, values: readonly string[]])[] = [
  ['INTEGER', ['NULL', 'NULL']],
  ['DOUBLE', ['0.0', "'-0.0'"]],
  ['FLOAT', ['0.0', "'-0.0'"]],
  ['DOUBLE', ["'nan'", "'-nan'", "'inf'::DOUBLE - 'inf'::DOUBLE"]],
  ['FLOAT', ["'nan'", "'-nan'"]],
  ['INTERVAL', ["'1 month'", "'30 days'", "'720 hours'", "'29 days 24 hours'"]],
  ['INTERVAL', ["'-1 day'", "'-24 hours'"]],
  ['DECIMAL(18,3)', ['1.5', '1.500']],
  ['DECIMAL(38,9)', ['1.5', '1.500000000']],
  ['TIMESTAMP_NS', ["'2024-01-01'", "'2024-01-01 00:00:00.000000000'"]],
  ['TIMESTAMPTZ', ["'2024-02-29 12:00:00+02'", "'2024-02-29 10:00:00+00'"]],
  ['VARCHAR', ["'a'", "substring('ba', 2)"]],
  ['DOUBLE[]', ['[0.0]', "['-0.0'::DOUBLE]"]],
  ['DOUBLE[]', ["['nan'::DOUBLE, NULL]", "['-nan'::DOUBLE, NULL]"]],
  ['INTERVAL[]', ["['1 month'::INTERVAL]", "['30 days'::INTERVAL]"]],
  ['INTERVAL[][]', ["[['1 month'::INTERVAL], []]", "[['720 hours'::INTERVAL], []]"]],
  ['DOUBLE[2]', ['[0.0, NULL]', "['-0.0'::DOUBLE, NULL]"]],
  ['STRUCT(a DOUBLE, b INTERVAL)', ["{'a': 0.0, 'b': '1 day'}", "{'a': '-0.0'::DOUBLE, 'b': '24 hours'}"]],
  ['STRUCT(a DOUBLE)[]', ["[{'a': 'nan'::DOUBLE}]", "[{'a': '-nan'::DOUBLE}]"]],
  ['MAP(VARCHAR, DOUBLE)', ["MAP {'a': 0.0}", "MAP {'a': '-0.0'::DOUBLE}"]],
];

describe('equal keys meet', () => {
  it.each(EQUAL)('of %s: %s', async (type, values) => {
    expect(await groupsOf(type, values)).toEqual([
      { members: values.map((_, index) => index), partitions: 1 },
    ]);
  });

  it('of any type and any values, as GROUP BY has them', async () => {
    const column = fc.constantFrom(...TYPE_NAMES).chain((name) =>
      fc.record({
        type: fc.constant(VALUE_TYPES[name].type),
        values: fc.array(fc.oneof({ arbitrary: VALUE_TYPES[name].value, weight: 9 }, fc.constant('NULL')), {
          minLength: 1,
          maxLength: 12,
        }),
      }),
    );
    const property = fc.asyncProperty(column, async ({ type, values }) => {
      const groups = await groupsOf(type, values);
      expect(groups.filter(({ partitions }) => partitions !== 1)).toEqual([]);
    });
    await fc.assert(property, announceSeed('equal keys meet', 300));
  });
});

describe('different keys', () => {
  it('spread over all partitions, evenly', async () => {
    const sql = renderPartition({ by: ['k'], partitions: 16, step });
    const result = await connection.runAndReadAll(
      `SELECT ${sql} AS p, count(*)::INTEGER AS n FROM (SELECT 'id' || i AS k FROM range(32000) t(i)) GROUP BY p`,
    );
    const sizes = result.getRows().map(([, rows]) => Number(rows));
    expect(sizes).toHaveLength(16);
    // 2,000 each; six standard deviations of a fair draw are 260.
    expect(Math.max(...sizes)).toBeLessThan(2260);
    expect(Math.min(...sizes)).toBeGreaterThan(1740);
  });
});
