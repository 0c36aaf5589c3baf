/** Law: a job on the deployed stack, cut into tasks, publishes the rows of the local runner, which are DuckDB's. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findDifference } from '../../../bench/compare-results.ts';
import { type DataFiles, generateGroupBy } from '../../../bench/data/generate-groupby.ts';
import { generateLineitem } from '../../../bench/data/generate-tpch.ts';
import { writeExpectedAnswer } from '../../../bench/expected-answer.ts';
import { QUESTIONS, type Question } from '../../../bench/questions.ts';
import { runInProcess } from '../../flow/run-in-process.ts';
import { openStack, type Stack } from './open-stack.ts';

/** What fits an emulator on two cores; test/flow/right.test.ts has a million rows. */
const GROUPBY_ROWS = 2e4;
const TPCH_SCALE = 0.01;
const TASKS = { map: 4, reduce: 3 };
const DEMO = path.resolve(import.meta.dirname, '../../../examples/late-routes.yaml');
const FLIGHTS = path.resolve(
  import.meta.dirname,
  '../../../node_modules/vega-datasets/data/flights-3m.parquet',
);

let stack: Stack;
let folder: string;
let files: Record<Question['table'], DataFiles>;

/** Each question from one format: odd ones from CSV, even ones from Parquet. */
const formatOf = (question: Question): 'csv' | 'parquet' =>
  QUESTIONS.indexOf(question) % 2 === 0 ? 'csv' : 'parquet';
const inputOf = (question: Question): string => files[question.table][formatOf(question)];
const idOf = ({ name }: Question): string => `right-${name}`;

const specOf = (question: Question, uri: string, output: string): Record<string, unknown> => ({
  name: question.name,
  input: { uri, format: formatOf(question) },
  steps: question.steps,
  output: { uri: output },
});

beforeAll(async () => {
  stack = await openStack();
  folder = await mkdtemp(path.join(tmpdir(), 'daybreak-cloud-right-'));
  files = {
    groupby: await generateGroupBy({ rows: GROUPBY_ROWS }),
    lineitem: await generateLineitem(TPCH_SCALE),
  };
  for (const table of Object.values(files)) {
    for (const file of [table.csv, table.parquet])
      await stack.putData(`in/right/${path.basename(file)}`, await readFile(file));
  }
  await stack.putData('in/right/flights.parquet', await readFile(FLIGHTS));
  // All at once: what has no slot waits for one.
  for (const question of QUESTIONS) {
    const spec = specOf(
      question,
      `s3://${stack.data}/in/right/${path.basename(inputOf(question))}`,
      `s3://${stack.data}/results/${idOf(question)}/`,
    );
    await stack.submit({ id: idOf(question), spec, tasks: TASKS });
  }
  await stack.submit({
    id: 'right-demo',
    spec: {
      ...parse(await readFile(DEMO, 'utf8')),
      input: { uri: `s3://${stack.data}/in/right/flights.parquet` },
      output: { uri: `s3://${stack.data}/results/right-demo/` },
    },
    tasks: TASKS,
  });
});
afterAll(async () => {
  stack.close();
  await rm(folder, { recursive: true, force: true });
});

const runLocally = async (id: string, spec: Record<string, unknown>): Promise<string> => {
  const home = path.join(folder, id);
  await mkdir(home);
  const output = path.join(home, 'out');
  const local = { ...spec, output: { uri: output } };
  await runInProcess({ spec: local, id, workdir: path.join(home, 'state'), tasks: TASKS });
  return output;
};

const requireSame = async (
  id: string,
  expected: string,
  tolerance?: Question['tolerance'],
): Promise<void> => {
  const state = await stack.waitFor(id);
  expect(state.outcome?.failure ?? state.report?.failure).toBeUndefined();
  expect(state.word).toBe('published');
  await stack.withOutput(state.job.spec.output.uri, async (output, manifest) => {
    expect(manifest.job).toBe(id);
    expect(await findDifference(output, expected, tolerance)).toBeUndefined();
  });
};

describe('the deployed stack', () => {
  it.each(QUESTIONS)('publishes the rows of the local runner: $name, $title', async (question) => {
    const local = await runLocally(idOf(question), specOf(question, inputOf(question), ''));
    await requireSame(idOf(question), local, question.tolerance);
    const expected = path.join(folder, `${question.name}.parquet`);
    const plain = { question: question.name, input: inputOf(question), format: formatOf(question) };
    await writeExpectedAnswer({ ...plain, output: expected, threads: 1, memory: '1GB' });
    expect(await findDifference(local, expected, question.tolerance)).toBeUndefined();
  });

  it('publishes the rows of the local runner: the demo of the README, 3 million flights', async () => {
    const spec = { ...parse(await readFile(DEMO, 'utf8')), input: { uri: FLIGHTS } };
    await requireSame('right-demo', await runLocally('right-demo', spec));
  });
});
