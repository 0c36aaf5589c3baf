/** Judges one random case: a whole job against DuckDB's own answer, rows, types, order and every count. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { findQueryDifference } from '../../bench/compare-results.ts';
import { writeExpected } from '../../bench/expected-answer.ts';
import type { Report } from '../../functions/contract/report.ts';
import { quoteIdentifier } from '../../functions/sql/quote.ts';
import { type Case, caseArbitrary, type Step } from '../oracle/grammar.ts';
import { renderInput, renderOracleSql, renderSource, writeTable } from '../oracle/render-sql.ts';
import { runInProcess } from './run-in-process.ts';

/** A case, and how the job runs: what must make no difference on clean data. */
export type JobCase = Case & { readonly maxRejects: number | string; readonly threads: number };

export const jobCaseArbitrary: fc.Arbitrary<JobCase> = fc
  .tuple(caseArbitrary, fc.constantFrom(0, 0, 5, '50%'), fc.constantFrom(1, 2))
  .map(([one, maxRejects, threads]) => ({ ...one, maxRejects, threads }));

type Terms = {
  readonly dropped: number;
  readonly grown: number;
  readonly folded: number;
  readonly cut: number;
};
const NOTHING: Terms = { dropped: 0, grown: 0, folded: 0, cut: 0 };

const readNumber = async (connection: DuckDBConnection, sql: string): Promise<number> =>
  Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);

const tableOf = (step: number): string => `judged_${step}`;

/** The rows that a step removes from `from` and adds to it, asked of plain DuckDB, each term by a question of its own. */
const termsOf = async (connection: DuckDBConnection, step: Step, from: string): Promise<Terms> => {
  const ask = (sql: string): Promise<number> => readNumber(connection, sql);
  const rows = await ask(`SELECT count(*) FROM ${from}`);
  const fold = async (keys: readonly string[]): Promise<Terms> => {
    const names = keys.map(quoteIdentifier).join(', ');
    const groups = await ask(`SELECT count(*) FROM (SELECT 1 FROM ${from} GROUP BY ${names})`);
    return { ...NOTHING, folded: rows - groups };
  };
  if ('filter' in step) {
    const dropped = await ask(`SELECT count(*) FROM ${from} WHERE (${step.filter}) IS NOT TRUE`);
    return { ...NOTHING, dropped };
  }
  if ('unnest' in step) {
    const length = `coalesce(len(${quoteIdentifier(step.unnest)}), 0)`;
    return {
      ...NOTHING,
      dropped: await ask(`SELECT count(*) FROM ${from} WHERE ${length} = 0`),
      grown: await ask(`SELECT coalesce(sum(${length} - 1), 0) FROM ${from} WHERE ${length} > 0`),
    };
  }
  if ('distinct' in step) {
    if (step.distinct !== true) return fold(step.distinct);
    return {
      ...NOTHING,
      folded: rows - (await ask(`SELECT count(*) FROM (SELECT DISTINCT * FROM ${from})`)),
    };
  }
  if ('group_by' in step) {
    if (step.group_by.keys.length > 0) return fold(step.group_by.keys);
    return rows === 0 ? { ...NOTHING, grown: 1 } : { ...NOTHING, folded: rows - 1 };
  }
  if ('sort' in step) return { ...NOTHING, cut: Math.max(rows - step.sort.limit, 0) };
  return NOTHING;
};

/** Whether the rows of the result have an order: nothing after the last sort moves them. */
const isOrdered = (steps: readonly Step[]): boolean => {
  const last = steps.findLast((step) => 'sort' in step || 'group_by' in step || 'distinct' in step);
  return last !== undefined && 'sort' in last;
};

type Sides = { readonly folder: string; readonly path: string; readonly id: string };

const runCase = (one: JobCase, { folder, path, id }: Sides): Promise<Report> =>
  runInProcess({
    id,
    workdir: join(folder, 'work'),
    threads: one.threads,
    spec: {
      name: 'property',
      input: renderInput(one.table, path),
      steps: one.steps,
      output: { uri: join(folder, id, 'output'), format: 'parquet' },
      errors: { max_rejects: one.maxRejects },
    },
  });

const render = (value: unknown): string => JSON.stringify(value);

/** How the report's counts differ from DuckDB's; undefined where each is right. */
const findWrongCount = async (
  connection: DuckDBConnection,
  { steps }: Case,
  report: Report,
): Promise<string | undefined> => {
  const [stage] = report.stages;
  if (stage === undefined || report.stages.length !== 1)
    return `the report has ${report.stages.length} stages`;
  const sum = { ...NOTHING };
  for (const [index, step] of steps.entries()) {
    const terms = await termsOf(connection, step, tableOf(index));
    for (const term of ['dropped', 'grown', 'folded', 'cut'] as const) sum[term] += terms[term];
    const { kind: _, ...found } = stage.steps.find((each) => each.step === index) ?? { kind: '' };
    const expected = { step: index, ...terms };
    if (!isSame(found, expected))
      return `step ${index}: counted ${render(found)}, there are ${render(expected)}`;
  }
  const [read, written] = [tableOf(0), tableOf(steps.length)].map((table) =>
    readNumber(connection, `SELECT count(*) FROM ${table}`),
  );
  const expected = { read: await read, written: await written, rejected: 0, pruned: 0, ...sum };
  return isSame(stage.counts, expected)
    ? undefined
    : `the stage: counted ${render(stage.counts)}, there are ${render(expected)}`;
};

const isSame = (one: object, other: object): boolean =>
  render(Object.entries(one).sort()) === render(Object.entries(other).sort());

/**
 * Runs the job of a case in a new folder below `folder` and compares it with plain DuckDB, which works step by
 * step through tables. A sentence that says what is wrong, or undefined.
 */
export const judgeCase = async (
  connection: DuckDBConnection,
  one: JobCase,
  sides: { readonly folder: string; readonly id: string },
): Promise<string | undefined> => {
  const here = join(sides.folder, sides.id);
  await mkdir(here, { recursive: true });
  try {
    const path = join(here, `input.${one.table.format}`);
    await writeTable(connection, one.table, path);
    const report = await runCase(one, { ...sides, path });
    const source = renderSource(one.table, path);
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${tableOf(0)} AS SELECT * FROM ${source}`);
    for (const [index, step] of one.steps.entries()) {
      const sql = renderOracleSql([step], tableOf(index));
      await connection.run(`CREATE OR REPLACE TEMP TABLE ${tableOf(index + 1)} AS ${sql}`);
    }
    const expected = join(here, 'expected.parquet');
    await writeExpected(connection, `SELECT * FROM ${tableOf(one.steps.length)}`, expected);
    const number = isOrdered(one.steps) ? 'row_number() OVER () AS daybreak_place, ' : '';
    const read = (file: string): string => `SELECT ${number}* FROM read_parquet('${file}')`;
    const output = join(here, 'output', 'part-*.parquet');
    const difference = await findQueryDifference(connection, read(output), read(expected));
    return difference ?? (await findWrongCount(connection, one, report));
  } finally {
    await rm(here, { recursive: true, force: true });
  }
};
