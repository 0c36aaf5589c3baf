import { describe, expect, it } from 'vitest';
import { ENDPOINT_KINDS, type EndpointKind } from '../../../functions/contract/endpoint-settings.ts';
import type { InferRequest, PlannedInferStep } from '../../../functions/contract/planned-infer.ts';
import { type CallSettings, prepareCalls } from '../../../functions/core/endpoints/render-call.ts';
import { isStrictSchema } from '../../../functions/core/endpoints/strict-schema.ts';
import { stepOf } from '../../io/endpoints/endpoint-world.ts';

const settingsOf = (kind: EndpointKind, given: Partial<CallSettings> = {}): CallSettings => ({
  kind,
  sendsSeed: true,
  maxTokensField: 'max_tokens',
  ...given,
});
const CHAT: InferRequest = { messages: [{ role: 'user', content: 'hello' }] };
const PROMPT: InferRequest = { prompt: 'hello' };
const callOf = (
  kind: EndpointKind,
  step: Partial<PlannedInferStep>,
  { request = CHAT, ...given }: Partial<CallSettings> & { readonly request?: InferRequest } = {},
) => prepareCalls(stepOf(step), settingsOf(kind, given))(request, 7);

const STRICT = {
  type: 'object',
  properties: { theme: { type: 'string' } },
  required: ['theme'],
  additionalProperties: false,
};

describe('the request of a chat', () => {
  it('has messages, sampling and seed under their names, of every kind', () => {
    for (const kind of ENDPOINT_KINDS)
      expect(callOf(kind, { sampling: { temperature: 0, max_tokens: 5, top_p: 0.5, stop: ['x'] } })).toEqual({
        route: 'chat/completions',
        body: {
          model: 'tiny',
          messages: [{ role: 'user', content: 'hello' }],
          temperature: 0,
          max_tokens: 5,
          top_p: 0.5,
          stop: ['x'],
          seed: 7,
        },
      });
  });

  it('carries no seed where the endpoint takes none', () => {
    expect(callOf('openai', {}, { sendsSeed: false }).body).not.toHaveProperty('seed');
  });

  it('names the limit of tokens as the endpoint does', () => {
    const { body } = callOf('openai', {}, { maxTokensField: 'max_completion_tokens' });
    expect(body).toMatchObject({ max_completion_tokens: 16 });
    expect(body).not.toHaveProperty('max_tokens');
  });

  it("names an adapter as vLLM's server does: as the model", () => {
    const adapter = { name: 'polite', number: 1, place: '/lora' };
    expect(callOf('vllm', { adapter }).body.model).toBe('polite');
  });

  it('asks for JSON by response_format, in the strict way of OpenAI where the schema allows it', () => {
    const answer = { kind: 'json', schema: STRICT } as const;
    const formatOf = (kind: EndpointKind, schema: Record<string, unknown>) =>
      callOf(kind, { answer: { ...answer, schema } }).body.response_format;
    const loose = { ...STRICT, required: [] };
    expect(formatOf('openai', STRICT)).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema: STRICT, strict: true },
    });
    expect(formatOf('openai', loose)).toMatchObject({ json_schema: { strict: false } });
    for (const kind of ['vllm', 'ollama', 'llamacpp'] as const)
      expect(formatOf(kind, STRICT)).toEqual({
        type: 'json_schema',
        json_schema: { name: 'answer', schema: STRICT },
      });
  });

  it("asks for a choice or an expression in vLLM's way there, for a choice by an object elsewhere", () => {
    const answer = { kind: 'choice', choice: ['yes', 'no'] } as const;
    const choice = { ...answer, choice: [...answer.choice] };
    expect(callOf('vllm', { answer: choice }).body).toMatchObject({
      structured_outputs: { choice: ['yes', 'no'] },
    });
    expect(callOf('vllm', { answer: { kind: 'regex', regex: '[a-z]' } }).body).toMatchObject({
      structured_outputs: { regex: '[a-z]' },
    });
    expect(callOf('ollama', { answer: choice }).body).toMatchObject({
      response_format: {
        json_schema: { schema: { properties: { answer: { enum: ['yes', 'no'] } }, required: ['answer'] } },
      },
    });
  });

  it('cuts a prompt so that the answer has its room', () => {
    const step = { truncate: 'left', model: { name: 'tiny', contextTokens: 100 } } as const;
    expect(callOf('vllm', step).body).toMatchObject({
      truncate_prompt_tokens: 84,
      truncation_side: 'left',
    });
  });
});

describe('the request of another task', () => {
  it('goes to its own route', () => {
    const { sampling: _, ...plain } = stepOf();
    const of = (step: Partial<PlannedInferStep>, kind: EndpointKind, request: InferRequest) =>
      prepareCalls({ ...plain, ...step }, settingsOf(kind))(request, 7);
    expect(callOf('vllm', { task: 'generate' }, { request: PROMPT })).toMatchObject({
      route: 'completions',
      body: { prompt: 'hello', max_tokens: 16, seed: 7 },
    });
    const embedding = { kind: 'embedding', dimensions: 4 } as const;
    expect(of({ task: 'embed', answer: embedding }, 'openai', PROMPT)).toEqual({
      route: 'embeddings',
      body: { model: 'tiny', input: 'hello', encoding_format: 'float' },
    });
    const pair = { query: 'q', document: 'd' };
    const score = { task: 'score', answer: { kind: 'score' } } as const;
    expect(of(score, 'vllm', pair)).toEqual({
      route: 'score',
      body: { model: 'tiny', text_1: 'q', text_2: 'd' },
    });
    expect(of(score, 'llamacpp', pair)).toEqual({
      route: 'rerank',
      body: { model: 'tiny', query: 'q', documents: ['d'] },
    });
  });

  it('fails as a mistake of ours where the request is that of another task', () => {
    expect(() => callOf('vllm', { task: 'generate' })).toThrow(/has a prompt/);
    expect(() => callOf('vllm', { task: 'score' })).toThrow(/query and a document/);
    expect(() => callOf('vllm', {}, { request: PROMPT })).toThrow(/has messages/);
  });
});

it.each([
  [STRICT, true],
  [{ ...STRICT, additionalProperties: true }, false],
  [{ ...STRICT, required: [] }, false],
  [{ type: 'array', items: { type: 'string' } }, false],
  [{ ...STRICT, properties: { theme: { type: 'string', minLength: 1 } } }, false],
  [{ ...STRICT, properties: { theme: { type: 'object', properties: { a: { type: 'string' } } } } }, false],
  [{ ...STRICT, properties: { theme: { anyOf: [STRICT, { type: 'null' }] } } }, true],
  [{ anyOf: [STRICT] }, false],
])('knows which schemas the strict mode of OpenAI takes: %j: %s', (schema, isStrict) => {
  expect(isStrictSchema(schema)).toBe(isStrict);
});
