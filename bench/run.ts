/**
 * `npm run bench`: Daybreak and plain DuckDB, each as a whole process, same threads, input file to Parquet file,
 * in turns (A B A B). Each question's result is compared with plain DuckDB's; the medians go to the terminal and to bench/results/.
 *
 * `npm run bench -- --questions q1,q5 --format csv,parquet --rows 1e7 --scale 1 --runs 3 --threads 2`
 */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { version } from '@duckdb/node-api';
import { findDifference } from './compare-results.ts';
import { type DataFiles, generateGroupBy } from './data/generate-groupby.ts';
import { generateLineitem } from './data/generate-tpch.ts';
import { runDaybreakToItsEnd } from './daybreak-command.ts';
import { writeExpectedAnswer } from './expected-answer.ts';
import { type MeasuredProcess, measureProcess } from './measure-process.ts';
import type { InputFormat } from './plain-duckdb.ts';
import { findQuestion, QUESTIONS, type Question } from './questions.ts';
import { GOALS, judge, type Measurement, renderTable, summarize } from './summarize-bench.ts';

const { values } = parseArgs({
  options: {
    questions: { type: 'string', default: QUESTIONS.map(({ name }) => name).join(',') },
    format: { type: 'string', default: 'csv,parquet' },
    rows: { type: 'string', default: '1e7' },
    scale: { type: 'string', default: '1' },
    runs: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    memory: { type: 'string', default: '8GB' },
    /** More arguments for daybreak, for example `--map-tasks 8 --reduce-tasks 8`. */
    daybreak: { type: 'string', default: '' },
  },
});
const [runs, threads] = [Number(values.runs), Number(values.threads)];
const extraArguments = values.daybreak.split(' ').filter(Boolean);
const plainScript = fileURLToPath(new URL('plain-duckdb.ts', import.meta.url));
const results = fileURLToPath(new URL('results', import.meta.url));

type Side = 'daybreak' | 'plain';
type Case = {
  readonly label: string;
  readonly question: Question;
  readonly format: InputFormat;
  readonly input: string;
};

const runSide = async (
  side: Side,
  { question, format, input }: Case,
  folder: string,
): Promise<MeasuredProcess> => {
  const scratch = join(folder, side);
  await mkdir(scratch);
  if (side === 'daybreak') {
    const output = join(scratch, 'output');
    const { steps } = question;
    const job = { steps, input, inputFormat: format, output, scratch, threads, memory: values.memory };
    return runDaybreakToItsEnd({ ...job, extraArguments });
  }
  const measured = await measureProcess(process.execPath, [
    ...[plainScript, '--question', question.name, '--input', input, '--format', format],
    ...['--output', join(scratch, 'output.parquet'), '--threads', `${threads}`, '--memory', values.memory],
  ]);
  if (measured.exitCode !== 0) throw new Error(`plain DuckDB failed:\n${measured.stderr}`);
  return measured;
};

const compareAnswer = async ({ label, question, format, input }: Case, folder: string): Promise<void> => {
  const expected = join(folder, 'expected.parquet');
  const run = { question: question.name, input, format, output: expected, threads, memory: values.memory };
  await writeExpectedAnswer(run);
  const difference = await findDifference(join(folder, 'daybreak/output'), expected, question.tolerance);
  if (difference !== undefined) throw new Error(`${label}: the results differ: ${difference}`);
};

/** One round: both sides once, the first time Daybreak's result is compared, everything they wrote removed. */
const runRound = async (bench: Case, round: number): Promise<Record<Side, MeasuredProcess>> => {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-bench-'));
  try {
    const daybreak = await runSide('daybreak', bench, folder);
    const plain = await runSide('plain', bench, folder);
    if (round === 0) await compareAnswer(bench, folder);
    return { daybreak, plain };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const measureCase = async (bench: Case): Promise<Measurement> => {
  // The first side must not pay for reading a cold file.
  await finished(createReadStream(bench.input).resume());
  const rounds = [];
  for (let round = 0; round < runs; round++) rounds.push(await runRound(bench, round));
  const measurement = summarize(bench.label, rounds);
  process.stdout.write(`${renderTable([measurement])}\n`);
  return measurement;
};

const listCases = async (): Promise<readonly Case[]> => {
  const formats = values.format
    .split(',')
    .map((format): InputFormat => (format === 'csv' ? 'csv' : 'parquet'));
  const files: Partial<Record<Question['table'], DataFiles>> = {};
  const cases: Case[] = [];
  for (const format of formats) {
    for (const name of values.questions.split(',')) {
      const question = findQuestion(name);
      files[question.table] ??=
        question.table === 'groupby'
          ? await generateGroupBy({ rows: Number(values.rows) })
          : await generateLineitem(Number(values.scale));
      const input = files[question.table]?.[format] ?? '';
      cases.push({ label: `${name} ${format}`, question, format, input });
    }
  }
  return cases;
};

const startUpCase = async (): Promise<Case> => {
  const { csv } = await generateGroupBy({ rows: 1e3 });
  return { label: 'start-up (q1, 1,000 rows, csv)', question: findQuestion('q1'), format: 'csv', input: csv };
};

const startUp = await measureCase(await startUpCase());
const measurements: Measurement[] = [];
for (const bench of await listCases()) measurements.push(await measureCase(bench));
const verdict = judge(measurements, startUp);

await mkdir(results, { recursive: true });
const at = new Date().toISOString();
const machine = {
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memoryBytes: totalmem(),
  node: process.version,
};
const document = {
  at,
  machine,
  duckdb: version(),
  options: values,
  goals: GOALS,
  measurements,
  startUp,
  verdict,
};
const file = join(results, `${at.replaceAll(':', '')}.json`);
await writeFile(file, `${JSON.stringify(document, undefined, 2)}\n`);

process.stdout.write(
  `\n${renderTable([startUp, ...measurements])}\n\n${verdict.sentences.join('\n')}\n${file}\n`,
);
