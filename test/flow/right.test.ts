/**
 * Law: for every question, from CSV and from Parquet, in one task and in many, the command publishes the rows and
 * types that plain DuckDB gives for the whole file. `npm run soak` holds the same at 10 million rows.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDifference } from '../../bench/compare-results.ts';
import { type DataFiles, generateGroupBy } from '../../bench/data/generate-groupby.ts';
import { generateLineitem } from '../../bench/data/generate-tpch.ts';
import { runDaybreakToItsEnd } from '../../bench/daybreak-command.ts';
import { writeExpectedAnswer } from '../../bench/expected-answer.ts';
import type { InputFormat } from '../../bench/plain-duckdb.ts';
import { QUESTIONS, type Question } from '../../bench/questions.ts';
import { pythonPath } from '../../scripts/setup-python.ts';

const GROUPBY_ROWS = 1e6;
const TPCH_SCALE = 0.1;
const limits = { threads: 2, memory: '2GB' };
const judge = join(import.meta.dirname, '../python/check_output.py');

let folder: string;
const files = {} as Record<Question['table'], DataFiles>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-right-'));
  files.groupby = await generateGroupBy({ rows: GROUPBY_ROWS });
  files.lineitem = await generateLineitem(TPCH_SCALE);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** As the plan decides, and forced into many tasks. */
const PLANS = {
  'in one task': [],
  'in 8 map tasks and 8 reduce tasks': ['--map-tasks', '8', '--reduce-tasks', '8'],
} as const;
type PlanName = keyof typeof PLANS;

const publish = async (question: Question, format: InputFormat, plan: PlanName): Promise<string> => {
  const scratch = await mkdtemp(join(folder, `${question.name}-${format}-`));
  const output = join(scratch, 'output');
  const input = files[question.table][format];
  await runDaybreakToItsEnd({
    steps: question.steps,
    input,
    inputFormat: format,
    output,
    scratch,
    ...limits,
    extraArguments: PLANS[plan],
  });
  return output;
};

const expectedAnswer = async (question: Question, format: InputFormat): Promise<string> => {
  const output = join(folder, `${question.name}-${format}.parquet`);
  const input = files[question.table][format];
  if (!existsSync(output))
    await writeExpectedAnswer({ question: question.name, input, format, output, ...limits });
  return output;
};

describe.each<InputFormat>(['csv', 'parquet'])('from %s', (format) => {
  describe.each(Object.keys(PLANS) as PlanName[])('%s', (plan) => {
    it.each(QUESTIONS)('publishes what plain DuckDB answers: $name, $title', async (question) => {
      const output = await publish(question, format, plan);
      const expected = await expectedAnswer(question, format);
      expect(await findDifference(output, expected, question.tolerance)).toBeUndefined();
      // pyarrow reads every part, and finds the rows and the checksums that the manifest names.
      const verdict: unknown = JSON.parse(execFileSync(pythonPath(), [judge, output], { encoding: 'utf8' }));
      expect(verdict).toEqual({ problems: [] });
    });
  });
});
