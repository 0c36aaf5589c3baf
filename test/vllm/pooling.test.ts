/** The judge is transformers: see oracle.py. */
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { modelFolder } from '../../scripts/setup-vllm.ts';
import { askOracle } from './ask-oracle.ts';
import { QUESTIONS } from './questions.ts';
import { isConserved, openFolder, type Row, runModelJob } from './run-model-job.ts';

const { folder, close } = openFolder();
afterAll(close);

const byId = (rows: readonly Row[]): readonly Row[] =>
  [...rows].sort((left, right) => Number(left.id) - Number(right.id));

const dot = (left: readonly number[], right: readonly number[]): number =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? Number.NaN), 0);
const cosine = (left: readonly number[], right: readonly number[]): number =>
  dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));

const TEXTS = [...QUESTIONS, 'a', 'Grüße aus Köln', '日本語のテキスト', 'word '.repeat(200)];
/** Each with the one after it. */
const PAIRS = QUESTIONS.map((query, id) => ({ id, query, document: QUESTIONS[id + 1] ?? QUESTIONS[0] }));

describe('vectors', () => {
  it('are those of transformers, of the declared length', async () => {
    const infer = {
      task: 'embed',
      engine: 'vllm',
      model: 'all-minilm-l6-v2',
      prompt: '{{ text }}',
      output: 'vector',
    };
    const rows = TEXTS.map((text, id) => ({ id, text }));
    const outcome = await runModelJob(folder, { id: 'embed', rows, steps: [{ infer }] });
    expect(isConserved(outcome)).toBe(true);
    const vectors = byId(outcome.rows).map(({ vector }) => vector as readonly number[]);
    const [expected] = askOracle([{ ask: 'embed', model: modelFolder('minilm'), texts: TEXTS }]) as [
      number[][],
    ];
    expect(vectors.map(({ length }) => length)).toEqual(TEXTS.map(() => 384));
    for (const [index, vector] of vectors.entries())
      expect(cosine(vector, expected[index] ?? []), TEXTS[index]).toBeGreaterThanOrEqual(0.999);
  });
});

describe('scores', () => {
  const infer = {
    task: 'score',
    engine: 'vllm',
    query: '{{ query }}',
    document: '{{ document }}',
    output: 'score',
  };

  it('of a model that embeds are the cosines of its vectors', async () => {
    const steps = [{ infer: { ...infer, model: 'all-minilm-l6-v2' } }];
    const outcome = await runModelJob(folder, { id: 'cosines', rows: PAIRS, steps });
    expect(isConserved(outcome)).toBe(true);
    const texts = PAIRS.flatMap(({ query, document }) => [query, document ?? '']);
    const [vectors] = askOracle([{ ask: 'embed', model: modelFolder('minilm'), texts }]) as [number[][]];
    for (const [index, { score }] of byId(outcome.rows).entries())
      expect(score).toBeCloseTo(cosine(vectors[2 * index] ?? [], vectors[2 * index + 1] ?? []), 3);
  });

  it('of a cross-encoder are those of transformers', async () => {
    const model = path.join(folder, 'cross-encoder');
    askOracle([{ ask: 'make_cross_encoder', model: modelFolder('minilm'), out: model }]);
    const outcome = await runModelJob(folder, {
      id: 'cross',
      rows: PAIRS,
      steps: [{ infer: { ...infer, model } }],
    });
    const pairs = PAIRS.map(({ query, document }) => [query, document]);
    const [expected] = askOracle([{ ask: 'cross', model, pairs }]) as [number[]];
    const scores = byId(outcome.rows).map(({ score }) => Number(score));
    for (const [index, score] of scores.entries())
      expect(Math.abs(score - (expected[index] ?? 9))).toBeLessThan(1e-3);
    expect(new Set(scores.map((score) => score.toFixed(3))).size).toBeGreaterThan(scores.length / 2);
  });
});
