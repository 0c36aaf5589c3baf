import fc from 'fast-check';
import { expect, it } from 'vitest';
import { judgeReplyError, type ReplyError } from '../../../functions/core/endpoints/judge-reply-error.ts';
import { announceSeed } from '../../oracle/grammar.ts';

const row = (cause: string) => ({ kind: 'row', cause });
const TOO_LONG = row('prompt_too_long');

/** What servers say, word for word. */
it.each<readonly [string, Partial<ReplyError> & { readonly status: number }, unknown]>([
  ['OpenAI', { status: 400, code: 'context_length_exceeded', type: 'invalid_request_error' }, TOO_LONG],
  ['OpenAI', { status: 401, code: 'invalid_api_key' }, { kind: 'refused' }],
  ['OpenAI', { status: 403, code: 'unsupported_country_region_territory' }, { kind: 'refused' }],
  ['OpenAI', { status: 404, code: 'model_not_found' }, { kind: 'refused' }],
  ['OpenAI', { status: 400, code: 'unsupported_parameter' }, { kind: 'refused' }],
  ['OpenAI', { status: 400, code: 'invalid_json_schema' }, { kind: 'refused' }],
  ['OpenAI', { status: 429, code: 'rate_limit_exceeded', type: 'tokens' }, { kind: 'throttled' }],
  ['OpenAI', { status: 429, code: 'insufficient_quota', type: 'insufficient_quota' }, { kind: 'refused' }],
  [
    'OpenAI',
    {
      status: 429,
      code: 'rate_limit_exceeded',
      message: 'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000.',
    },
    TOO_LONG,
  ],
  ['OpenAI', { status: 500, type: 'server_error' }, { kind: 'failed' }],
  ['OpenAI', { status: 503, message: 'The engine is currently overloaded' }, { kind: 'unavailable' }],
  ['Azure', { status: 400, code: 'content_filter' }, row('content_filter')],
  [
    'vLLM',
    {
      status: 400,
      type: 'BadRequestError',
      code: '400',
      message:
        "This model's maximum context length is 2048 tokens. However, you requested 3000 tokens in the messages.",
    },
    TOO_LONG,
  ],
  ['vLLM', { status: 404, type: 'NotFoundError', code: '404' }, { kind: 'refused' }],
  [
    'llama.cpp',
    { status: 400, code: '400', type: 'exceed_context_size_error', message: 'the request exceeds' },
    TOO_LONG,
  ],
  [
    'llama.cpp',
    { status: 503, type: 'unavailable_error', message: 'Loading model' },
    { kind: 'unavailable' },
  ],
  ['Ollama', { status: 404, message: 'model "x" not found, try pulling it first' }, { kind: 'refused' }],
  ['Anthropic', { status: 529, type: 'overloaded_error' }, { kind: 'unavailable' }],
  ['a gateway', { status: 413 }, TOO_LONG],
  ['a gateway', { status: 302 }, { kind: 'refused' }],
  ['a gateway', { status: 408 }, { kind: 'unavailable' }],
  ['a gateway', { status: 422 }, row('invalid_request')],
])('reads what %s says: %o', (_, error, judgement) => {
  expect(judgeReplyError({ message: '', ...error })).toEqual(judgement);
});

it('has a meaning for every status, whatever is said with it', () => {
  const text = fc.option(fc.string(), { nil: undefined });
  const errors = fc.record({
    status: fc.integer({ min: 200, max: 999 }),
    code: text,
    type: text,
    message: fc.string(),
  });
  fc.assert(
    fc.property(errors, (error) => {
      expect(['row', 'refused', 'throttled', 'unavailable', 'failed']).toContain(judgeReplyError(error).kind);
    }),
    announceSeed('meaning of a status', 500),
  );
});
