/**
 * Law: each witness counts exactly the rows of its term, whatever DuckDB's optimizer makes of the query around it:
 * over sorted Parquet of many row groups and over a table, pruned or not, with one thread and with four.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Column } from '../../functions/contract/columns.ts';
import type { JobSpec } from '../../functions/contract/spec.ts';
import { type NarrowedSteps, narrowSteps } from '../../functions/core/narrow-steps.ts';
import { registerTallies } from '../../functions/io/tallies.ts';
import { compileStage } from '../../functions/sql/compile-steps.ts';
import { quoteText } from '../../functions/sql/quote.ts';
import { bindSteps } from '../../functions/stages/bind-steps.ts';
import { type Terms, workSteps } from '../oracle/count-terms.ts';
import type { Step } from '../oracle/grammar.ts';

const ROWS = 6_000;

/** Sorted, so that bounds prune; a wide text, so that it pays to fetch it late; lists of every length, and none. */
const DATA = `
  SELECT i AS id, (i % 7)::INTEGER AS k, i / 4 AS v, repeat('x', 50) || i AS s, i % 5 = 0 AS b,
    CASE i % 4 WHEN 0 THEN NULL ELSE range(i % 4 - 1) END AS l,
    {'id': i % 3, 'b c': 'f'} AS daybreak_t0, i % 11 AS daybreak_rows, i % 2 AS daybreak_tally_0,
    i AS daybreak_entered, -i AS daybreak_nothing, i AS "quo""te", NULL::INTEGER AS n
  FROM range(${ROWS}) AS r(i) ORDER BY i`;

let folder: string;
let instance: DuckDBInstance;
let connection: DuckDBConnection;
let columns: readonly Column[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-witness-'));
  instance = await DuckDBInstance.create(':memory:', { threads: '4' });
  connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'; CREATE TABLE rows AS ${DATA}`);
  await connection.run('CREATE TABLE none AS FROM rows LIMIT 0');
  for (const table of ['rows', 'none']) {
    const path = quoteText(join(folder, `${table}.parquet`));
    await connection.run(`COPY ${table} TO ${path} (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
  }
  const described = await connection.runAndReadAll('DESCRIBE rows');
  columns = described.getRows().map(([name, type]) => ({ name: `${name}`, type: `${type}` }));
});
afterAll(async () => {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
});

const SOURCES = ['table', 'parquet', 'pruned parquet'] as const;
type Source = { readonly kind: (typeof SOURCES)[number]; readonly table: 'rows' | 'none' };

const renderFrom = ({ kind, table }: Source): string =>
  kind === 'table' ? table : `(SELECT * FROM read_parquet(${quoteText(join(folder, `${table}.parquet`))}))`;

type Counted = { readonly read: number; readonly steps: readonly Terms[]; readonly sum: Terms };

const bind = async (steps: readonly Step[]): Promise<NarrowedSteps> => {
  // The grammar's steps are steps of a spec, but for `readonly`.
  const job = { steps: steps as JobSpec['steps'], columns, submittedAt: '2026-01-01T00:00:00.000Z' };
  return narrowSteps(columns, await bindSteps(connection, job));
};

const NONE: Terms = { dropped: 0, grown: 0, folded: 0, cut: 0 };

/** Runs steps with their witnesses, the result into the table `counted`; what there is of each step, by position. */
const countSteps = async (source: Source, narrowed: NarrowedSteps): Promise<Counted> => {
  const from = {
    sql: renderFrom(source),
    isCounted: false,
    prunes: source.kind === 'pruned parquet',
    columns: columns.filter(({ name }) => narrowed.columns.includes(name)),
  };
  const compiled = compileStage(from, { steps: narrowed.steps });
  const tallied = registerTallies(connection, compiled.tallies);
  await connection.run(`CREATE OR REPLACE TEMP TABLE counted AS ${compiled.sql}`);
  for (const { step, sql } of compiled.probes) {
    const dropped = await readNumber(sql);
    tallied.bySteps.set(step, { ...NONE, dropped });
    tallied.dropped += dropped;
  }
  const { read, dropped, grown, folded, cut, bySteps } = tallied;
  const steps = narrowed.steps.map(({ step }) => bySteps.get(step) ?? NONE);
  return { read, steps, sum: { dropped, grown, folded, cut } };
};

const readNumber = async (sql: string): Promise<number> =>
  Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);

/** Rows of one table that the other has not, either way. */
const countDifferences = (one: string, other: string): Promise<number> =>
  readNumber(
    `SELECT count(*) FROM ((FROM ${one} EXCEPT ALL FROM ${other}) UNION ALL (FROM ${other} EXCEPT ALL FROM ${one}))`,
  );

const group = (keys: readonly string[], aggregates: Readonly<Record<string, string>>): Step => ({
  group_by: { keys, aggregates },
});
const sort = (limit: number, ...by: readonly string[]): Step => ({ sort: { by, limit } });
const count = { c: 'count(*)' };

/** What the optimizer could move past a witness, merge with it, fold or leave out. */
const CASES: Readonly<Record<string, readonly Step[]>> = {
  'no steps': [],
  'a sort with a limit by the order of the file': [sort(10, 'id DESC')],
  'a sort with a limit against the order of the file': [sort(10, 'id')],
  'a sort that fetches wide columns late': [sort(5, 'v DESC'), { select: { s: 's', id: 'id' } }],
  'a sort with a limit above the rows': [sort(ROWS + 1, 'id')],
  'a sort with a limit of exactly the rows': [sort(ROWS, 'id')],
  'a sort by an expression': [sort(10, '-id % 100', 'v')],
  'a sort behind a filter that prunes': [{ filter: 'id >= 4500' }, sort(10, 'id DESC')],
  'a sort behind a filter that does not': [{ filter: "s LIKE '%9'" }, sort(10, 'id DESC')],
  'a filter behind a sort': [sort(100, 'id DESC'), { filter: 'k = 3' }],
  'two sorts': [sort(100, 'id DESC'), sort(10, 'id')],
  'a sort behind a group_by': [group(['k'], { m: 'max(id)' }), sort(3, 'm DESC')],
  'a filter that prunes row groups': [{ filter: 'id BETWEEN 3000 AND 3009' }],
  'a filter that prunes all row groups': [{ filter: 'id > 1000000' }],
  'a filter that no row passes, then everything': [
    { filter: 'id < 0' },
    { unnest: 'l' },
    group(['k'], count),
    sort(1, 'c'),
    group([], { c: 'count(*)', m: 'max(c)' }),
  ],
  'filters that could be merged': [{ filter: 'id > 100' }, { filter: 'id > 200' }, { filter: 'id > 50' }],
  'filters that contradict': [{ filter: 'id > 100' }, { filter: 'id < 50' }],
  'filters that could change places': [{ filter: "s LIKE '%1%'" }, { filter: 'b' }, { filter: 'k = 1' }],
  'the same filter twice': [{ filter: 'k = 2' }, { filter: 'k = 2' }],
  'a filter over an extended column': [{ extend: { x: 'id % 10' } }, { filter: 'x = 3' }],
  'a filter over a column of the file behind an extend': [
    { extend: { x: 'id % 10' } },
    { filter: 'id < 99' },
  ],
  'a filter that is true': [{ filter: 'true' }, { filter: '1 = 1' }],
  'a filter that is false': [{ filter: 'false' }],
  'a filter that is NULL': [{ filter: 'CAST(NULL AS BOOLEAN)' }, group([], count)],
  'a filter that is NULL by its column': [{ filter: 'n > 1' }],
  'a filter that compares with NULL': [{ filter: 'id = NULL' }],
  'a filter that statistics prove true': [{ filter: 'id >= 0' }, { filter: 'id + 1 > 0' }],
  'a filter on keys behind a group_by': [group(['k', 'b'], count), { filter: 'k = 3' }],
  'a filter on an aggregate behind a group_by': [group(['k'], { m: 'sum(id)' }), { filter: 'm % 2 = 0' }],
  'a filter on keys behind distinct': [{ distinct: ['k', 'b'] }, { filter: 'k > 3' }],
  'a filter behind an unnest, on another column': [{ unnest: 'l' }, { filter: 'id < 100' }],
  'a filter behind an unnest, on the elements': [{ unnest: 'l' }, { filter: 'l = 1' }],
  'an unnest of NULL, empty and long lists': [{ unnest: 'l' }],
  'an unnest of lists made before': [
    { extend: { y: 'list_concat(l, [9])' } },
    { unnest: 'y' },
    { unnest: 'l' },
  ],
  'an unnest behind a limit': [sort(9, 'id DESC'), { unnest: 'l' }],
  'an unnest of empty lists only': [{ select: { e: 'CAST([] AS INTEGER[])' } }, { unnest: 'e' }],
  'group_bys one after another': [
    group(['k', 'b'], { c: 'count(*)', u: 'sum(v)' }),
    group(['b'], { c: 'sum(c)' }),
    group([], { c: 'sum(c)' }),
  ],
  'a group_by of one row': [group([], { c: 'count(*)' }), group([], { c: 'sum(c)' })],
  'a group_by whose aggregates nobody needs': [group(['k'], { m: 'max(s)' }), group([], count)],
  'a group_by that nobody needs a column of': [group(['k', 'b'], count), group([], count)],
  'a group_by with unique keys': [group(['id'], { m: 'max(k)' })],
  'a distinct of all columns': [{ select: { k: 'k', b: 'b' } }, { distinct: true }],
  'a distinct twice': [{ distinct: ['k', 'b'] }, { distinct: ['k'] }],
  'a distinct before a count': [{ distinct: ['k'] }, group([], count)],
  'columns that nobody needs': [{ select: { x: 'id', y: 's', z: 'l' } }, { unnest: 'z' }, group([], count)],
  'steps with constants only': [{ select: { one: '1' } }, group(['one'], count), { filter: 'c > 5' }],
  'columns named as ours are, grouped': [
    group(['daybreak_rows', 'daybreak_tally_0'], { Daybreak_Rows_: 'sum(daybreak_entered)' }),
    { filter: 'daybreak_rows > 2' },
  ],
  'columns named as ours are, sorted': [
    sort(7, 'daybreak_nothing'),
    { select: { daybreak_entered: 'daybreak_entered', d: 'daybreak_t0' } },
  ],
  'a struct named as our tables are': [
    { select: { daybreak_t1: 'daybreak_t0.id', id: 'id' } },
    sort(5, 'id'),
  ],
  'an aggregate named as our count is': [
    group(['k'], { daybreak_rows: 'count(*)' }),
    { filter: 'daybreak_rows > 0' },
  ],
  'a column with a quote': [
    { filter: '"quo""te" < 100' },
    { extend: { 'a"b': '"quo""te" + 1' } },
    sort(3, '"a""b"'),
  ],
};

/** Where the reader prunes, the rows of its footer are the rows read, and there is no witness. */
const hasReader = ({ kind }: Source, [first]: readonly Step[]): boolean =>
  kind !== 'pruned parquet' || first === undefined || !('filter' in first);

describe('the witnesses inside a compiled query', () => {
  it.each(Object.entries(CASES))('count each term exactly: %s', async (_, steps) => {
    const narrowed = await bind(steps);
    for (const table of ['rows', 'none'] as const) {
      await connection.run('SET threads = 4');
      const { result, ...worked } = await workSteps(connection, steps, table);
      const allThreads = table === 'rows' ? [1, 4] : [4];
      for (const [kind, threads] of SOURCES.flatMap((each) => allThreads.map((n) => [each, n] as const))) {
        const where = `${table} in ${kind} with ${threads} threads`;
        await connection.run(`SET threads = ${threads}`);
        const { read, ...counted } = await countSteps({ kind, table }, narrowed);
        expect(counted, where).toEqual({ steps: worked.steps, sum: worked.sum });
        if (hasReader({ kind, table }, steps)) expect(read, where).toBe(worked.read);
        expect(await countDifferences('counted', result), where).toBe(0);
      }
    }
  });
});
