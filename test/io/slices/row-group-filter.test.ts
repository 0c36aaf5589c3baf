import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCESS_IN_PLACE } from '../../../functions/io/input-access.ts';
import { queryRows } from '../../../functions/io/query-rows.ts';
import { openSlice } from '../../../functions/io/slices/open-slice.ts';
import { planInputSlices } from '../../../functions/io/slices/plan-input-slices.ts';
import { renderReadInput } from '../../../functions/sql/read-input.ts';
import { withFolder, withInput } from '../open-input.ts';

const ROWS = 20_000;

/** Twenty thousand rows in row groups of 2,048, most columns in order, so that bounds rule much out. */
const QUERY = `SELECT range AS id, (range / 10)::SMALLINT AS small, (range * 0.25)::DECIMAL(12, 2) AS amount,
  DATE '2026-01-01' + (range / 100)::INTEGER AS day, TIMESTAMP '2026-01-01' + to_minutes(range) AS instant,
  CASE WHEN range > 15000 THEN 'NaN'::DOUBLE ELSE range END AS ratio, range::VARCHAR AS word,
  CASE WHEN range < 9000 THEN NULL ELSE range END AS late, range - 10000 AS "Sig n"
  FROM range(${ROWS})`;

const comparison = fc.constantFrom('=', '<', '>', '<=', '>=', '<>', 'IS DISTINCT FROM');
const leaf = fc
  .tuple(
    fc.constantFrom('id', 'small', 'amount', 'day', 'instant', 'ratio', 'word', 'late', 'ID', '"Sig n"'),
    comparison,
    fc.integer({ min: -200, max: ROWS + 200 }),
    fc.integer({ min: 0, max: 5 }),
  )
  .map(([column, operator, number, form]) => {
    const value =
      column === 'day'
        ? `(DATE '2026-03-01')`
        : column === 'instant'
          ? `CAST('2026-01-0${1 + (form % 5)} 07:00:00' AS TIMESTAMP)`
          : column === 'word'
            ? `'${Math.abs(number)}'`
            : form === 0
              ? `${number}.5`
              : form === 1
                ? `CAST('${number}' AS BIGINT)`
                : `${number}`;
    if (form === 2) return `${value} ${operator} ${column}`;
    if (form === 3) return `${column} BETWEEN ${value} AND ${value}`;
    if (form === 4) return `${column} IN (${value}, ${value})`;
    return form === 5 && number % 3 === 0 ? `${column} IS NULL` : `${column} ${operator} ${value}`;
  });
const predicate = fc.oneof(
  leaf,
  fc.array(leaf, { minLength: 2, maxLength: 3 }).map((leaves) => leaves.join(' AND ')),
  fc.array(leaf, { minLength: 2, maxLength: 3 }).map((leaves) => leaves.join(' OR ')),
  leaf.map((text) => `NOT (${text})`),
);

const withParquet = (use: Parameters<typeof withInput<void>>[2]): Promise<void> =>
  withFolder(async (folder) => {
    const out = join(folder, 'parquet');
    await mkdir(out);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(`COPY (${QUERY}) TO '${out}/a.parquet' (ROW_GROUP_SIZE 2048)`);
    connection.closeSync();
    await withInput(out, { uri: 'a.parquet' }, use);
  });

describe('a filter on row groups', () => {
  it('leaves out no row that satisfies it, and counts those left out', async () => {
    let most = 0;
    await withParquet(async (connection, input, out) => {
      await fc.assert(
        fc.asyncProperty(predicate, async (rowGroupFilter) => {
          const columns = ['id'];
          const tasks = await planInputSlices(connection, input, { tasks: 3, columns, rowGroupFilter });
          let rows = 0;
          let pruned = 0;
          const ids: unknown[] = [];
          for (const task of tasks) {
            if (task.kind !== 'rows') throw new Error(task.kind);
            const slice = await openSlice(input, task, {
              access: ACCESS_IN_PLACE,
              columns: [],
              scratchDir: out,
            });
            rows += slice.rowsByChain ?? 0;
            pruned += task.prunedRows ?? 0;
            const read = `FROM ${slice.render({ tolerant: false })} WHERE ${rowGroupFilter}`;
            ids.push(...(await queryRows(connection, `SELECT id ${read}`)).map(({ id }) => id));
          }
          const whole = `FROM ${renderReadInput(input, { tolerant: false })} WHERE ${rowGroupFilter}`;
          expect(ids).toEqual((await queryRows(connection, `SELECT id ${whole}`)).map(({ id }) => id));
          expect(rows + pruned).toBe(ROWS);
          most = Math.max(most, pruned);
        }),
        { numRuns: 80 },
      );
    });
    expect(most).toBe(ROWS);
  });

  it.each([
    ['id >= 18000', 16_384],
    ['late IS NULL', ROWS - 10_240],
    ["day < DATE '2026-01-10'", ROWS - 2048],
    ['ratio > 100000', 0],
    ["word > 'zzz'", 0],
    ['id > 100000', ROWS],
    ['id + 1 > 100000', 0],
    ['missing > 3', 0],
    ['this is no expression', 0],
  ])('rules out of %s as many rows: %i', async (rowGroupFilter, expected) => {
    await withParquet(async (connection, input) => {
      const tasks = await planInputSlices(connection, input, { tasks: 3, columns: ['id'], rowGroupFilter });
      const pruned = tasks.map((task) => (task.kind === 'rows' ? (task.prunedRows ?? 0) : 0));
      expect(pruned.reduce((sum, rows) => sum + rows, 0)).toBe(expected);
    });
  });
});
