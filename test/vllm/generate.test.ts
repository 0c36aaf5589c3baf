/** The judge is transformers: see oracle.py. */
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { modelFolder } from '../../scripts/setup-vllm.ts';
import { askOracle, type GreedyAnswer } from './ask-oracle.ts';
import { writeFloat32Model } from './prepared.ts';
import { QUESTIONS } from './questions.ts';
import { isConserved, openFolder, type Row, runModelJob } from './run-model-job.ts';

const { folder, close } = openFolder();
afterAll(close);

const MAX_TOKENS = 20;
const rows = QUESTIONS.map((question, id) => ({ id, question }));

const inferStep = (model: string, task: 'chat' | 'generate'): Row => ({
  infer: {
    task,
    engine: 'vllm',
    model,
    prompt: '{{ question }}',
    sampling: { temperature: 0, max_tokens: MAX_TOKENS },
    output: 'answer',
  },
});

const answersOf = (output: readonly Row[]) =>
  [...output]
    .sort((left, right) => Number(left.id) - Number(right.id))
    .map(({ answer, answer_info }) => {
      const info = answer_info as { readonly prompt_tokens: number; readonly output_tokens: number };
      return { text: answer, prompt_tokens: info.prompt_tokens, output_tokens: info.output_tokens };
    });

const textsOf = (answers: readonly GreedyAnswer[]): readonly string[] => answers.map(({ text }) => text);

/**
 * Logits by which an answer in bfloat16 may be behind the greedy one of float32. Measured: 0.1 at worst over these
 * questions, and above 2 where an answer is of another question.
 */
const MOST_REGRET = 0.5;

describe('greedy text', () => {
  it('is that of transformers: the real model in float32', async () => {
    const model = writeFloat32Model(path.join(folder, 'smollm2-float32'));
    const outcome = await runModelJob(folder, { id: 'float32', rows, steps: [inferStep(model, 'chat')] });
    expect(isConserved(outcome)).toBe(true);
    const [expected] = askOracle([{ ask: 'chat', model, prompts: QUESTIONS, max_tokens: MAX_TOKENS }]);
    expect(answersOf(outcome.rows)).toEqual(expected);
  });

  it('is that of transformers: a tiny random Llama', async () => {
    const outcome = await runModelJob(folder, {
      id: 'tiny',
      rows,
      steps: [inferStep('tiny-random-llama', 'generate')],
    });
    expect(isConserved(outcome)).toBe(true);
    const model = modelFolder('tiny');
    const [expected] = askOracle([{ ask: 'greedy', model, prompts: QUESTIONS, max_tokens: MAX_TOKENS }]);
    expect(answersOf(outcome.rows)).toEqual(expected);
  });

  it('is that of transformers: a tiny random Llama with an adapter', async () => {
    const model = modelFolder('tiny');
    const [adapter, merged] = [path.join(folder, 'adapter'), path.join(folder, 'merged')];
    askOracle([{ ask: 'make_adapter', model, out: adapter, merged }]);
    const { infer } = inferStep('tiny-random-llama', 'generate');
    const steps = [{ infer: { ...(infer as object), lora: 'mine' } }];
    const spec = { lora: [{ name: 'mine', model: adapter }] };
    const outcome = await runModelJob(folder, { id: 'adapter', rows, steps, spec });
    expect(isConserved(outcome)).toBe(true);
    const question = { ask: 'greedy', prompts: QUESTIONS, max_tokens: MAX_TOKENS };
    const [expected, without] = askOracle([
      { ...question, model: merged },
      { ...question, model },
    ]);
    expect(answersOf(outcome.rows)).toEqual(expected);
    expect(expected).not.toEqual(without);
  });

  it('is in bfloat16 as near to that of float32 as rounding is', async () => {
    const outcome = await runModelJob(folder, {
      id: 'bfloat16',
      rows,
      steps: [inferStep('smollm2-135m-instruct', 'chat')],
    });
    const answers = answersOf(outcome.rows) as readonly GreedyAnswer[];
    const question = { ask: 'regret', model: modelFolder('smollm2'), prompts: QUESTIONS };
    // The same answers, each to the next question: the judge has to see that.
    const [first, ...others] = textsOf(answers);
    const shifted = [...others, first];
    const [regrets, control] = askOracle([
      { ...question, answers: textsOf(answers) },
      { ...question, answers: shifted },
    ]) as [number[], number[]];
    expect(Math.max(...regrets)).toBeLessThan(MOST_REGRET);
    expect(Math.min(...control)).toBeGreaterThan(MOST_REGRET);
    expect(answers[0]?.text).toMatch(/Paris/);
  });
});
