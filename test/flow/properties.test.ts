/**
 * Law: for any data and any steps, from any format, read strictly or tolerantly, with one thread or two, a job
 * publishes the rows, the types and the order that plain DuckDB gives, and says rightly where each row went.
 * `npm run soak -- --cases 5000` holds it over thousands.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { announceSeed } from '../oracle/grammar.ts';
import { jobCaseArbitrary, judgeCase, wideCaseArbitrary } from './judge-case.ts';

const CASES = 200;
const WIDE_CASES = 200;

let folder: string;
let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-properties-'));
  instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
});
afterAll(async () => {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
});

describe('a job of random steps over random data', () => {
  it('publishes what plain DuckDB answers, and counts every row', async () => {
    let next = 0;
    const property = fc.asyncProperty(jobCaseArbitrary, async (one) => {
      const id = `case-${next++}`;
      expect(await judgeCase(connection, one, { folder, id }), id).toBeUndefined();
    });
    await fc.assert(property, announceSeed('a job is DuckDB', CASES));
  });

  it('does so in plans of many tasks, each row once from stage to stage', async () => {
    let next = 0;
    const property = fc.asyncProperty(wideCaseArbitrary, async (one) => {
      const id = `wide-${next++}`;
      expect(await judgeCase(connection, one, { folder, id }), id).toBeUndefined();
    });
    await fc.assert(property, announceSeed('a wide job is DuckDB', WIDE_CASES));
  });
});
