import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it } from 'vitest';
import { QUESTIONS } from './questions.ts';
import { isConserved, openFolder, runModelJob } from './run-model-job.ts';

const { folder, close } = openFolder();
afterAll(close);

const THEMES = ['geography', 'nature', 'language', 'numbers'];
const SCHEMA = {
  type: 'object',
  properties: {
    theme: { enum: THEMES },
    difficulty: { type: 'integer', minimum: 1, maximum: 5 },
    words: { type: 'array', items: { type: 'string', maxLength: 12 }, minItems: 1, maxItems: 2 },
  },
  required: ['theme', 'difficulty', 'words'],
  additionalProperties: false,
};
const rows = QUESTIONS.map((question, id) => ({ id, question }));
// Sampled, so that not one answer is given many times.
const shared = {
  engine: 'vllm',
  model: 'smollm2-135m-instruct',
  prompt: 'Describe this question: {{ question }}',
  sampling: { temperature: 1, max_tokens: 96 },
};

describe('structured output', () => {
  it('obeys the schema in every answer, and is a struct', async () => {
    const infer = { ...shared, schema: SCHEMA, output: 'about' };
    const outcome = await runModelJob(folder, { id: 'json', rows, steps: [{ infer }] });
    expect(outcome.rows).toHaveLength(rows.length);
    expect(isConserved(outcome)).toBe(true);
    // As JSON shows integers of 64 bits: as text.
    const answers = outcome.rows.map(({ about }) => {
      const { difficulty, ...others } = about as { readonly difficulty: unknown };
      return { ...others, difficulty: Number(difficulty) };
    });
    const obeys = new Ajv2020().compile(SCHEMA);
    for (const answer of answers) expect(obeys(answer), JSON.stringify(answer)).toBe(true);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBeGreaterThan(rows.length / 2);
  });

  it('is one of the choices, and matches the regular expression, in two steps of one job', async () => {
    const outcome = await runModelJob(folder, {
      id: 'choice',
      rows,
      steps: [
        { infer: { ...shared, model: 'tiny-random-llama', choice: THEMES, output: 'theme' } },
        { infer: { ...shared, model: 'tiny-random-llama', regex: '[A-F]{2}-[0-9]{3}', output: 'code' } },
        { select: { id: 'id', theme: 'theme', code: 'code' } },
      ],
    });
    expect(outcome.rows).toHaveLength(rows.length);
    for (const { theme, code } of outcome.rows) {
      expect(THEMES).toContain(theme);
      expect(code).toMatch(/^[A-F]{2}-[0-9]{3}$/);
    }
  });
});
