/** Judges one random case: a whole job against DuckDB's own answer, rows, types, order and every count. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { findQueryDifference } from '../../bench/compare-results.ts';
import { writeExpected } from '../../bench/expected-answer.ts';
import { Plan } from '../../functions/contract/plan.ts';
import type { Report } from '../../functions/contract/report.ts';
import { addCounts, judgeConservation, judgeHandover } from '../../functions/core/judge-conservation.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import { readCurrentRun } from '../../functions/io/open-run.ts';
import { readSealed } from '../../functions/io/seal-stage.ts';
import { addTerms, NO_TERMS, type Terms, type Worked, workSteps } from '../oracle/count-terms.ts';
import { type Case, caseArbitrary, type Step } from '../oracle/grammar.ts';
import { renderInput, renderSource, writeTable } from '../oracle/render-sql.ts';
import { runInProcess } from './run-in-process.ts';

/** A case, and how the job runs: what must make no difference on clean data. */
export type JobCase = Case & {
  readonly maxRejects: number | string;
  readonly threads: number;
  /** Undefined: one task. */
  readonly tasks?: { readonly map: number; readonly reduce: number };
};

export const jobCaseArbitrary: fc.Arbitrary<JobCase> = fc
  .tuple(caseArbitrary, fc.constantFrom(0, 0, 5, '50%'), fc.constantFrom(1, 2))
  .map(([one, maxRejects, threads]) => ({ ...one, maxRejects, threads }));

/** The same jobs as plans of many tasks, often more than there are rows. */
export const wideCaseArbitrary: fc.Arbitrary<JobCase> = fc
  .tuple(jobCaseArbitrary, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .map(([one, map, reduce]) => ({ ...one, tasks: { map, reduce } }));

/** Whether the rows of the result have an order: nothing after the last sort moves them. */
const isOrdered = (steps: readonly Step[]): boolean => {
  const last = steps.findLast(
    (step) => 'sort' in step || 'group_by' in step || 'distinct' in step || 'repartition' in step,
  );
  return last !== undefined && 'sort' in last;
};

type Sides = { readonly folder: string; readonly path: string; readonly id: string };

const runCase = (one: JobCase, { folder, path, id }: Sides): Promise<Report> =>
  runInProcess({
    id,
    workdir: join(folder, 'work'),
    threads: one.threads,
    ...(one.tasks === undefined ? {} : { tasks: one.tasks }),
    spec: {
      name: 'property',
      input: renderInput(one.table, path),
      steps: one.steps,
      output: { uri: join(folder, id, 'output'), format: 'parquet' },
      errors: { max_rejects: one.maxRejects },
    },
  });

const render = (value: unknown): string => JSON.stringify(value);

/** A step that moves rows has a half in each of two stages: what it did is the sum. */
const sumOfStep = (report: Report, step: number): Terms =>
  report.stages
    .flatMap(({ steps }) => steps)
    .filter((each) => each.step === step)
    .map(({ kind: _, step: __, rejected: ___, ...terms }) => terms)
    .reduce(addTerms, NO_TERMS);

/** Of an empty input each task makes the one group of a group_by without keys, which then fold into one. */
const settle = ({ grown, folded, ...terms }: Terms): Terms => {
  const doubled = Math.min(grown, folded);
  return { ...terms, grown: grown - doubled, folded: folded - doubled };
};

/** How the report's counts differ from DuckDB's, of each step and from stage to stage; undefined where all are right. */
const findWrongCount = (report: Report, steps: readonly Step[], worked: Worked): string | undefined => {
  let sum = NO_TERMS;
  const found = addCounts(report.stages.map(({ counts }) => counts));
  // Rows of row groups that the first filters rule out reach none of them.
  const leading = steps.findIndex((step) => !('filter' in step));
  const filters = found.pruned === 0 ? 0 : leading < 0 ? steps.length : leading;
  for (const [index, terms] of worked.steps.entries()) {
    if (index < filters) {
      sum = addTerms(sum, sumOfStep(report, index));
      continue;
    }
    const step = steps[index];
    const isGlobal = step !== undefined && 'group_by' in step && step.group_by.keys.length === 0;
    const counted = sumOfStep(report, index);
    const settled = isGlobal ? settle(counted) : counted;
    sum = addTerms(sum, counted);
    if (!isSame(settled, terms))
      return `step ${index}: counted ${render(settled)}, there are ${render(terms)}`;
  }
  const filtered = worked.steps.slice(0, filters).reduce((rows, { dropped }) => rows + dropped, 0);
  const ruledOut = Array.from({ length: filters }, (_, index) => sumOfStep(report, index).dropped).reduce(
    (rows, dropped) => rows + dropped,
    found.pruned,
  );
  if (ruledOut !== filtered) return `the first filters: ${ruledOut} rows left out, there are ${filtered}`;
  const read = (report.stages[0]?.counts.read ?? 0) + found.pruned;
  const ends = { read, written: report.stages.at(-1)?.counts.written };
  const expected = { read: worked.read, written: worked.written };
  if (!isSame(ends, expected)) return `the job: counted ${render(ends)}, there are ${render(expected)}`;
  const { dropped, grown, folded, cut, rejected } = found;
  if (!isSame({ dropped, grown, folded, cut }, sum) || rejected > 0)
    return `the stages: counted ${render(found)}, their steps ${render(sum)}`;
  return report.stages.map(findWrongStage).find((wrong) => wrong !== undefined);
};

const findWrongStage = (
  { stage, counts }: Report['stages'][number],
  index: number,
  stages: Report['stages'],
): string | undefined => {
  const { isConserved, sentence } = judgeConservation(counts);
  const before = stages[index - 1]?.counts ?? { ...counts, written: counts.read };
  const handover = judgeHandover(before, counts);
  if (!isConserved) return `${stage}: ${sentence}`;
  return handover.isConserved ? undefined : `${stage}: ${handover.sentence}`;
};

/** The hidden counts of the groups that left a stage are the rows that came to the step, by DuckDB's own counts. */
const findWrongCarried = async (
  workdir: string,
  report: Report,
  worked: Worked,
): Promise<string | undefined> => {
  const store = await openFileStore(workdir);
  const plan = Plan.parse((await readCurrentRun(store, report.job))?.plan);
  for (const [index, stage] of plan.stageIds.entries()) {
    const step = plan.stages[index]?.shuffle?.step;
    if (step?.kind !== 'group_by' && step?.kind !== 'distinct') continue;
    const sealed = await readSealed(store, { job: plan.job, run: plan.run, stage });
    const found = sealed?.totals.carried?.out;
    if (found === undefined && step.kind === 'group_by' && step.decomposition.mode === 'rows') continue;
    const { grown, dropped, folded, cut } = worked.steps.slice(0, step.step).reduce(addTerms, NO_TERMS);
    const expected = worked.read + grown - dropped - folded - cut;
    if (found !== expected) return `${stage}: groups carry ${found} rows, there are ${expected}`;
  }
  return undefined;
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
    const wrong = difference ?? findWrongCount(report, one.steps, worked);
    return wrong ?? (await findWrongCarried(join(sides.folder, 'work'), report, worked));
  } finally {
    await rm(here, { recursive: true, force: true });
  }
};
