/** Judges one random case: a whole job against DuckDB's own answer, rows, types, order and every count. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { findQueryDifference } from '../../bench/compare-results.ts';
import { writeExpected } from '../../bench/expected-answer.ts';
import type { Report } from '../../functions/contract/report.ts';
import { type Worked, workSteps } from '../oracle/count-terms.ts';
import { type Case, caseArbitrary, type Step } from '../oracle/grammar.ts';
import { renderInput, renderSource, writeTable } from '../oracle/render-sql.ts';
import { runInProcess } from './run-in-process.ts';

/** A case, and how the job runs: what must make no difference on clean data. */
export type JobCase = Case & { readonly maxRejects: number | string; readonly threads: number };

export const jobCaseArbitrary: fc.Arbitrary<JobCase> = fc
  .tuple(caseArbitrary, fc.constantFrom(0, 0, 5, '50%'), fc.constantFrom(1, 2))
  .map(([one, maxRejects, threads]) => ({ ...one, maxRejects, threads }));

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
const findWrongCount = (report: Report, worked: Worked): string | undefined => {
  const [stage] = report.stages;
  if (stage === undefined || report.stages.length !== 1)
    return `the report has ${report.stages.length} stages`;
  for (const [index, terms] of worked.steps.entries()) {
    const { kind: _, ...found } = stage.steps.find(({ step }) => step === index) ?? { kind: '' };
    const expected = { step: index, ...terms };
    if (!isSame(found, expected))
      return `step ${index}: counted ${render(found)}, there are ${render(expected)}`;
  }
  const { read, written, sum } = worked;
  const expected = { read, written, rejected: 0, pruned: 0, ...sum };
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
    const worked = await workSteps(connection, one.steps, renderSource(one.table, path));
    const expected = join(here, 'expected.parquet');
    await writeExpected(connection, `SELECT * FROM ${worked.result}`, expected);
    const number = isOrdered(one.steps) ? 'row_number() OVER () AS daybreak_place, ' : '';
    const read = (file: string): string => `SELECT ${number}* FROM read_parquet('${file}')`;
    const output = join(here, 'output', 'part-*.parquet');
    const difference = await findQueryDifference(connection, read(output), read(expected));
    return difference ?? findWrongCount(report, worked);
  } finally {
    await rm(here, { recursive: true, force: true });
  }
};
