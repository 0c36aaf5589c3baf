import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isConserved, type ModelJobOutcome, openFolder, runModelJob } from './run-model-job.ts';

const { folder, close } = openFolder();
afterAll(close);

const ROWS = 400;
/** 5 of 100: of each a half empty and a half too long for the context of 2,048 tokens. */
const causeOf = (id: number): string | undefined =>
  id % 40 === 7 ? 'empty_prompt' : id % 40 === 27 ? 'prompt_too_long' : undefined;
const textOf = (id: number): string => {
  const cause = causeOf(id);
  if (cause === undefined) return `row ${id} says hello`;
  return cause === 'empty_prompt' ? ' \n' : `row ${id} ${'goes on and on '.repeat(1_000)}`;
};
const rows = Array.from({ length: ROWS }, (_, id) => ({ id, text: textOf(id) }));

const infer = {
  engine: 'vllm',
  task: 'generate',
  model: 'tiny-random-llama',
  prompt: '{{ text }}',
  sampling: { temperature: 0, max_tokens: 32, ignore_eos: true },
  output: 'answer',
};

let outcome: ModelJobOutcome;
beforeAll(async () => {
  outcome = await runModelJob(folder, {
    id: 'bad',
    rows,
    steps: [{ infer }, { select: { id: 'id', length: 'length(answer)' } }],
    spec: { errors: { max_rejects: '10%' } },
  });
});

describe('a job with bad rows', () => {
  it('rejects exactly those that cannot be answered, each with its cause, and answers all others', () => {
    const bad = rows.filter(({ id }) => causeOf(id) !== undefined);
    const good = rows.filter(({ id }) => causeOf(id) === undefined);
    expect(outcome.rows.map(({ id }) => Number(id))).toEqual(good.map(({ id }) => id));
    expect(outcome.rejects.map(({ cause }) => cause).sort()).toEqual(bad.map(({ id }) => causeOf(id)).sort());
    expect(bad).toHaveLength(ROWS / 20);
    expect(isConserved(outcome)).toBe(true);
    const tooLong = outcome.rejects.filter(({ cause }) => cause === 'prompt_too_long');
    for (const { raw } of tooLong) expect(raw).toMatch(/goes on and on/);
  });
});
