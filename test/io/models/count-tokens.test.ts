/** The judge is transformers: see test/python/count_tokens.py. */
import { describe, expect, it } from 'vitest';
import { openTokenCounter } from '../../../functions/io/models/count-tokens.ts';
import { MODELS, readGolden, readRequests, readTokenizer } from './open-fixture.ts';

const KIND = { 'smollm2-135m-instruct': 'generative', 'all-minilm-l6-v2': 'embedding' } as const;

describe('openTokenCounter', () => {
  it.each(MODELS)('counts prompts, and each side of a pair, as transformers does: %s', async (model) => {
    const count = openTokenCounter({ kind: KIND[model], ...readTokenizer(model) });
    const golden = readGolden(model);
    const requests = readRequests().map((request, index) => ({ request, tokens: golden.tokens[index] }));
    const plain = requests.filter(({ request }) => !('messages' in request));
    const counted = await count(plain.map(({ request }) => request));
    expect(counted).toEqual({ isExact: true, tokens: plain.map(({ tokens }) => tokens) });
    expect(plain.length).toBeGreaterThan(40);
  });

  it.each(MODELS)(
    'counts what a cross-encoder reads, both sides together, as transformers does: %s',
    async (model) => {
      const count = openTokenCounter({ kind: 'cross-encoder', ...readTokenizer(model) });
      const pairs = readRequests().flatMap((request, index) =>
        'query' in request ? [{ request, tokens: readGolden(model).pairs[index] }] : [],
      );
      const { tokens } = await count(pairs.map(({ request }) => request));
      expect(tokens).toEqual(pairs.map((pair) => pair.tokens));
    },
  );

  it('takes a text too long for any context to go on as it began', async () => {
    const count = openTokenCounter({ kind: 'generative', ...readTokenizer('smollm2-135m-instruct') });
    const sentence = 'the quick brown fox ';
    const [short, long] = [sentence.repeat(1_000), sentence.repeat(500_000)];
    const { tokens, isExact, because } = await count([{ prompt: short }, { prompt: long }]);
    expect(isExact).toBe(false);
    expect(because).toMatch(/beginning/);
    expect(tokens[1]).toBeCloseTo(500 * (tokens[0] ?? 0), -4);
  });

  it('fails on a tokenizer of a kind that it does not know', () => {
    const { tokenizer, tokenizerConfig } = readTokenizer('all-minilm-l6-v2');
    const unknown = { ...tokenizer, model: { type: 'Syllables' }, pre_tokenizer: { type: 'Syllables' } };
    expect(() => openTokenCounter({ kind: 'generative', tokenizer: unknown, tokenizerConfig })).toThrow();
  });
});
