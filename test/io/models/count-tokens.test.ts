/** The judge is transformers: see test/python/count_tokens.py. */
import { describe, expect, it } from 'vitest';
import { openTokenCounter } from '../../../functions/io/models/count-tokens.ts';
import { MODELS, readGolden, readRequests, readTemplate, readTokenizer } from './open-fixture.ts';

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

  it('counts chats, with what the template adds, as transformers does', async () => {
    const model = 'smollm2-135m-instruct';
    const chatTemplate = readTemplate(model);
    const count = openTokenCounter({ kind: 'generative', ...readTokenizer(model), chatTemplate });
    const { tokens } = readGolden(model);
    const chats = readRequests().flatMap((request, index) =>
      'messages' in request ? [{ request, tokens: tokens[index] }] : [],
    );
    const counted = await count(chats.map(({ request }) => request));
    expect(counted).toEqual({ isExact: true, tokens: chats.map((chat) => chat.tokens) });
    expect(chats.length).toBeGreaterThan(20);
  });

  it.each([
    ['fails on messages', "{{ raise_exception('no system text') }}"],
    ['cannot be read', '{% unknown %}'],
    ['is not there', undefined],
  ])('counts the contents alone, and says so, where the template %s', async (_, chatTemplate) => {
    const files = readTokenizer('smollm2-135m-instruct');
    const count = openTokenCounter({ kind: 'generative', ...files, chatTemplate });
    const counted = await count([{ messages: [{ role: 'user', content: 'Hello, world!' }] }]);
    expect(counted).toEqual({ isExact: false, tokens: [4], because: expect.stringMatching(/template/) });
  });

  it('gives a template the special tokens, also where the tokenizer has them as objects', async () => {
    const { tokenizer } = readTokenizer('smollm2-135m-instruct');
    const tokenizerConfig = { bos_token: { content: '<|im_start|>' }, eos_token: '<|im_end|>' };
    const chatTemplate = '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}';
    const count = openTokenCounter({ kind: 'generative', tokenizer, tokenizerConfig, chatTemplate });
    const counted = await count([{ messages: [{ role: 'user', content: 'Hello, world!' }] }]);
    expect(counted).toEqual({ isExact: true, tokens: [6] });
  });

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
