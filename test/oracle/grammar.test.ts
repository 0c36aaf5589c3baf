import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findQueryDifference } from '../../bench/compare-results.ts';
import { announceSeed, caseArbitrary, dataArbitrary } from './grammar.ts';
import { renderOracleSql, renderSource, writeTable } from './render-sql.ts';
import { TYPE_NAMES } from './value-types.ts';

let folder: string;
let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-grammar-'));
  instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
});
afterAll(async () => {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
});

describe('the grammar', () => {
  it('renders cases whose answer does not depend on the order of rows', async () => {
    let next = 0;
    const property = fc.asyncProperty(caseArbitrary, async ({ table, steps }) => {
      const path = join(folder, `${next++}.${table.format}`);
      await writeTable(connection, table, path);
      const source = renderSource(table, path);
      const shuffled = `(SELECT * FROM ${source} ORDER BY random())`;
      const [oracle, other] = [renderOracleSql(steps, source), renderOracleSql(steps, shuffled)];
      expect(await findQueryDifference(connection, oracle, other), oracle).toBeUndefined();
    });
    await fc.assert(property, announceSeed('the grammar is stable', 150));
  });

  it('reaches every type of value and empty files', () => {
    const tables = fc.sample(dataArbitrary, { seed: 1, numRuns: 1000 });
    const types = new Set(tables.flatMap(({ columns }) => columns.map(({ typeName }) => typeName)));
    expect(types).toEqual(new Set(TYPE_NAMES));
    expect(tables.filter(({ rows }) => rows.length === 0).length).toBeGreaterThan(50);
  });

  it('reaches every step, as key every kind of column', () => {
    const cases = fc.sample(caseArbitrary, { seed: 1, numRuns: 2000 });
    const names = new Set(cases.flatMap(({ steps }) => steps.flatMap((step) => Object.keys(step))));
    expect([...names].sort()).toEqual([
      'distinct',
      'extend',
      'filter',
      'group_by',
      'repartition',
      'select',
      'sort',
      'unnest',
    ]);
    const keyed = cases.flatMap(({ table, steps }) =>
      steps
        .flatMap((step) => ('group_by' in step ? step.group_by.keys : []))
        .flatMap((key) => table.columns.filter(({ name }) => name === key).map(({ typeName }) => typeName)),
    );
    expect(new Set(keyed)).toEqual(new Set(TYPE_NAMES));
  });
});
