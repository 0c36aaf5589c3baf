/** Law: between tasks the engine is never drained: over a whole stage some request runs in it, from the first to the last. */
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readJobCommits } from './read-job-commits.ts';
import { type ModelJobOutcome, openFolder, runModelJob } from './run-model-job.ts';
import { type EngineSample, sampleEngine } from './sample-engine.ts';
import { writeSpeed } from './write-speed.ts';

const { folder, close } = openFolder();
afterAll(close);

const JOB = 'drained';
const MODEL = 'tiny-random-llama';
const ROWS = 2_240;
const LEAST_TASKS = 5;

const infer = {
  engine: 'vllm',
  task: 'generate',
  model: MODEL,
  prompt: 'row {{ id }}',
  // Answers of many lengths: of one length all that run would end in one step, and none run until the next.
  sampling: { temperature: 1, max_tokens: 32, stop: ['ing'] },
  output: 'answer',
};

let outcome: ModelJobOutcome;
let samples: readonly EngineSample[];
beforeAll(async () => {
  const sampler = sampleEngine(folder, 'tiny');
  // Tasks of several times the 128 rows that the engine takes at once: two smaller ones would both be in it, and end together.
  await writeSpeed(path.join(folder, '.daybreak'), { spec: infer, tokensPerSecond: 270 });
  const rows = Array.from({ length: ROWS }, (_, id) => ({ id }));
  outcome = await runModelJob(folder, {
    id: JOB,
    rows,
    steps: [{ infer }, { select: { id: 'id', length: 'length(answer)' } }],
    env: sampler.env,
  });
  samples = sampler.read();
});

it('has requests running at every look between the first and the last, over five tasks and more', () => {
  const tasks = readJobCommits(folder, { job: JOB, run: '0001', stage: '01-infer' });
  expect(tasks.length).toBeGreaterThanOrEqual(LEAST_TASKS);
  expect(outcome.rows).toHaveLength(ROWS);
  const first = samples.findIndex(({ running }) => running > 0);
  const last = samples.findLastIndex(({ running }) => running > 0);
  const between = samples.slice(first, last + 1);
  // Several looks at each task, or there might be a drain between two of them.
  expect(between.length).toBeGreaterThan(5 * tasks.length);
  const least = Math.min(...between.map(({ running }) => running));
  expect(least).toBeGreaterThan(0);
});
