import { describe, expect, it } from 'vitest';
import { ENDPOINT_KINDS, type EndpointKind } from '../../../functions/contract/endpoint-settings.ts';
import { type InferStep, Sampling } from '../../../functions/contract/infer-step.ts';
import {
  type JudgedEndpoint,
  judgeEndpointStep,
} from '../../../functions/core/endpoints/judge-endpoint-step.ts';
import { prepareCalls } from '../../../functions/core/endpoints/render-call.ts';
import { stepOf } from '../../io/endpoints/endpoint-world.ts';

const inferStep = (given: Partial<InferStep> = {}): InferStep => ({
  task: 'chat',
  engine: 'vendor',
  model: 'tiny',
  prompt: '{{ text }}',
  output: 'answer',
  ...given,
});
const judge = (step: Partial<InferStep>, endpoint: Partial<JudgedEndpoint> = {}) =>
  judgeEndpointStep(inferStep(step), { name: 'vendor', kind: 'openai', ...endpoint }, 'steps[1].infer');

/** A value of each field that all kinds take, where they have the field. */
const SAMPLING: Required<Sampling> = {
  temperature: 1,
  top_p: 0.5,
  top_k: 5,
  min_p: 0.1,
  max_tokens: 5,
  min_tokens: 1,
  presence_penalty: 1,
  frequency_penalty: 1,
  repetition_penalty: 1.1,
  stop: ['x'],
  ignore_eos: true,
};

describe('what a step asks of an endpoint', () => {
  it.each(
    ENDPOINT_KINDS.flatMap((kind) => Object.keys(Sampling.shape).map((field) => [kind, field] as const)),
  )('is named or sent, never dropped: kind %s, sampling.%s', (kind: EndpointKind, name) => {
    const field = name as keyof Sampling;
    const sampling = { [field]: SAMPLING[field] };
    const problems = judge({ sampling }, { kind });
    if (problems.length > 0) {
      expect(problems).toMatchObject([{ path: `steps[1].infer.sampling.${field}` }]);
      return;
    }
    const settings = { kind, sendsSeed: true, maxTokensField: 'max_tokens' } as const;
    const step = stepOf({ sampling: { max_tokens: 9, ...sampling } });
    const { body } = prepareCalls(step, settings)({ messages: [{ role: 'user', content: 'x' }] }, 1);
    expect(body[field]).toEqual(SAMPLING[field]);
  });

  it('names all problems at once, with what would help', () => {
    const problems = judge(
      {
        model: 'tinny',
        sampling: { top_k: 5, temperature: 3, stop: ['a', 'b', 'c', 'd', 'e'] },
        regex: '[a-z]',
        lora: 'polite',
        truncate: 'left',
      },
      { models: ['tiny', 'large'] },
    );
    expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      expect.stringMatching(/^steps\[1\]\.infer\.model: .*set up for "tiny" or "large", not for "tinny"/),
      expect.stringMatching(
        /sampling\.top_k: the endpoint vendor, of kind openai, has no top_k; kind vllm or llamacpp has/,
      ),
      expect.stringMatching(/sampling\.temperature: .*at most 2, found 3/),
      expect.stringMatching(/sampling\.stop: .*at most 4 texts, found 5/),
      expect.stringMatching(/regex: .*an endpoint of kind vllm can/),
      expect.stringMatching(/lora: /),
      expect.stringMatching(/truncate: /),
    ]);
    expect(problems[0]?.suggestion).toBe('tiny');
  });

  it('has no problem where the endpoint is vLLM', () => {
    const { max_tokens, ...sampling } = SAMPLING;
    expect(judge({ sampling, regex: '[a-z]', lora: 'polite', truncate: 'left' }, { kind: 'vllm' })).toEqual(
      [],
    );
    expect(max_tokens).toBe(5);
  });

  it.each([
    ['openai', 1],
    ['ollama', 1],
    ['vllm', 0],
    ['llamacpp', 0],
  ] as const)('of a score is a problem where the kind has no way to score: %s', (kind, problems) => {
    expect(judge({ task: 'score', query: 'q', document: 'd' }, { kind })).toHaveLength(problems);
  });

  it('of an expression that JavaScript cannot read is a problem everywhere', () => {
    expect(judge({ regex: '(?<' }, { kind: 'vllm' })).toMatchObject([{ path: 'steps[1].infer.regex' }]);
  });

  it('of a shape in plain generation is a problem but for vLLM', () => {
    const step = { task: 'generate', choice: ['a'] } as const;
    expect(judge({ ...step, choice: ['a'] }, { kind: 'openai' })).toMatchObject([
      { message: expect.stringContaining('the task chat can') },
    ]);
    expect(judge({ ...step, choice: ['a'] }, { kind: 'vllm' })).toEqual([]);
  });
});
