/**
 * `npm run soak`: what is too large for `npm test`. Every question at 10 million rows and TPC-H at scale factor 1,
 * from CSV and Parquet, and the group-by data with nulls and sorted; each equal to plain DuckDB. Then random jobs
 * over random data, each judged as in test/flow/properties.test.ts, and schedules of faults as in test/flow/faults.
 * At last a job over 4 GB in 512 MB of memory.
 *
 * `npm run soak -- --rows 1e8 --questions q1,q5,q6 --format parquet --cases 0`
 * `npm run soak -- --questions '' --cases 20000 --seed 7 --gigabytes 0`
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { findDifference } from '../bench/compare-results.ts';
import { type DataFiles, generateGroupBy } from '../bench/data/generate-groupby.ts';
import { generateLineitem } from '../bench/data/generate-tpch.ts';
import { runDaybreakToItsEnd } from '../bench/daybreak-command.ts';
import { writeExpectedAnswer } from '../bench/expected-answer.ts';
import type { InputFormat } from '../bench/plain-duckdb.ts';
import { findQuestion, QUESTIONS, type Question } from '../bench/questions.ts';
import { judgeSchedule, prepareSchedules } from '../test/flow/faults/judge-schedule.ts';
import { drawSchedule, renderSchedule } from '../test/flow/faults/schedule.ts';
import { jobCaseArbitrary, judgeCase, wideCaseArbitrary } from '../test/flow/judge-case.ts';
import { announceSeed } from '../test/oracle/grammar.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1e7' },
    scale: { type: 'string', default: '1' },
    questions: { type: 'string', default: QUESTIONS.map(({ name }) => name).join(',') },
    format: { type: 'string', default: 'csv,parquet' },
    threads: { type: 'string', default: '2' },
    memory: { type: 'string', default: '8GB' },
    /** More arguments for daybreak, for example `--map-tasks 8 --reduce-tasks 8`. */
    daybreak: { type: 'string', default: '' },
    /** Random jobs of one task, and as many of many tasks, and the seed to draw them with; without one it is drawn and printed. */
    cases: { type: 'string', default: '1500' },
    seed: { type: 'string' },
    /** The CSV of bench/small.ts, which is deleted afterwards; 0 leaves it out. */
    gigabytes: { type: 'string', default: '4' },
    /** Schedules of faults, from the same seed on. */
    schedules: { type: 'string', default: '3000' },
  },
});
const schedules = Number(values.schedules);
const limits = { threads: Number(values.threads), memory: values.memory };
const extraArguments = values.daybreak.split(' ').filter(Boolean);
const questions = values.questions.split(',').filter(Boolean).map(findQuestion);
const formats = values.format.split(',').map((format): InputFormat => (format === 'csv' ? 'csv' : 'parquet'));

type DataSet = {
  readonly label: string;
  readonly table: Question['table'];
  readonly make: () => Promise<DataFiles>;
};

const rows = Number(values.rows);
const dataSets: readonly DataSet[] = [
  { label: 'group-by', table: 'groupby', make: () => generateGroupBy({ rows }) },
  {
    label: 'group-by, 5 % nulls, sorted',
    table: 'groupby',
    make: () => generateGroupBy({ rows: rows / 10, nullPercent: 5, order: 'sorted' }),
  },
  { label: 'lineitem', table: 'lineitem', make: () => generateLineitem(Number(values.scale)) },
];

const compareOnce = async (
  question: Question,
  input: string,
  format: InputFormat,
): Promise<string | undefined> => {
  const scratch = await mkdtemp(join(tmpdir(), 'daybreak-soak-'));
  try {
    const [output, expected] = [join(scratch, 'output'), join(scratch, 'expected.parquet')];
    const { steps } = question;
    await runDaybreakToItsEnd({
      steps,
      input,
      inputFormat: format,
      output,
      scratch,
      ...limits,
      extraArguments,
    });
    await writeExpectedAnswer({ question: question.name, input, format, output: expected, ...limits });
    return await findDifference(output, expected, question.tolerance);
  } catch (error) {
    return String(error);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

let [passed, failed] = [0, 0];
for (const { label, table, make } of dataSets) {
  const asked = questions.filter((question) => question.table === table);
  if (asked.length === 0) continue;
  const files = await make();
  for (const format of formats) {
    for (const question of asked) {
      const difference = await compareOnce(question, files[format], format);
      if (difference === undefined) passed++;
      else failed++;
      process.stdout.write(`${label}, ${format}, ${question.name}: ${difference ?? 'equal'}\n`);
    }
  }
}

type CaseKind = { readonly law: string; readonly arbitrary: typeof jobCaseArbitrary };
const CASE_KINDS: readonly CaseKind[] = [
  { law: 'a job is DuckDB', arbitrary: jobCaseArbitrary },
  { law: 'a wide job is DuckDB', arbitrary: wideCaseArbitrary },
];

/** Random jobs; the first that differs is shrunk and told. Resolves to the number that were equal. */
const judgeCases = async (
  { law, arbitrary }: CaseKind,
  cases: number,
  seed: number | undefined,
): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-soak-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  try {
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    let next = 0;
    const property = fc.asyncProperty(arbitrary, async (one) => {
      const difference = await judgeCase(connection, one, { folder, id: `case-${next++}` });
      if (difference !== undefined) throw new Error(difference);
    });
    const result = await fc.check(property, announceSeed(law, cases, seed));
    if (result.failed) process.stdout.write(`${fc.defaultReportMessage(result)}\n`);
    return result.failed ? result.numRuns - 1 : result.numRuns;
  } finally {
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
};

const cases = Number(values.cases);
for (const kind of cases > 0 ? CASE_KINDS : []) {
  const equal = await judgeCases(kind, cases, values.seed === undefined ? undefined : Number(values.seed));
  passed += equal;
  if (equal < cases) failed++;
}
/** Plays schedules one after another and tells those that break a law. Resolves to the number that broke none. */
const playSchedules = async (first: number): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-soak-'));
  try {
    const prepared = await prepareSchedules(folder);
    let good = 0;
    for (let seed = first; seed < first + schedules; seed += 1) {
      const schedule = drawSchedule(seed, prepared.operations);
      const { problem } = await judgeSchedule(folder, prepared, schedule);
      if (problem === undefined) good++;
      else process.stdout.write(`DAYBREAK_SCHEDULE=${seed}, ${renderSchedule(schedule)}: ${problem}\n`);
    }
    return good;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

if (schedules > 0) {
  const first = values.seed === undefined ? Date.now() : Number(values.seed);
  process.stdout.write(`schedules: from ${first} on, ${schedules}\n`);
  const good = await playSchedules(first);
  passed += good;
  failed += schedules - good;
}
if (Number(values.gigabytes) > 0) {
  const script = join(import.meta.dirname, '../bench/small.ts');
  const small = ['--gigabytes', values.gigabytes, '--forget'];
  const { status } = spawnSync(process.execPath, [script, ...small], { stdio: 'inherit' });
  if (status === 0) passed++;
  else failed++;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
