/**
 * `npm run soak`: what is too large for `npm test`. Every question at 10 million rows and TPC-H at scale factor 1,
 * from CSV and Parquet, and the group-by data with nulls and sorted; each equal to plain DuckDB.
 *
 * `npm run soak -- --rows 1e8 --questions q1,q5,q6 --format parquet`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findDifference } from '../bench/compare-results.ts';
import { type DataFiles, generateGroupBy } from '../bench/data/generate-groupby.ts';
import { generateLineitem } from '../bench/data/generate-tpch.ts';
import { runDaybreakToItsEnd } from '../bench/daybreak-command.ts';
import { writeExpectedAnswer } from '../bench/expected-answer.ts';
import type { InputFormat } from '../bench/plain-duckdb.ts';
import { findQuestion, QUESTIONS, type Question } from '../bench/questions.ts';

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
  },
});
const limits = { threads: Number(values.threads), memory: values.memory };
const extraArguments = values.daybreak.split(' ').filter(Boolean);
const questions = values.questions.split(',').map(findQuestion);
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
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
