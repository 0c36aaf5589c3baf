/** Each class of error of the official client means one thing here: none is left over. */
import * as openai from 'openai';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../../functions/io/endpoints/ask-failure.ts';
import { createClient } from '../../../functions/io/endpoints/openai-client.ts';
import { createTransport } from '../../../functions/io/endpoints/transport.ts';
import { withScript } from './ask-rows.ts';
import { settingsOf } from './endpoint-world.ts';
import { errorReply, type Replied, type Script } from './scripted-endpoint.ts';

/** What the client throws, what that is to it, and what to us. */
const throwOf = async (
  script: Script,
  { timeoutSeconds = 20, signal = new AbortController().signal } = {},
): Promise<{ readonly error: unknown; readonly read: unknown; readonly failure: unknown }> => {
  let result: Awaited<ReturnType<typeof throwOf>> | undefined;
  await withScript(script, async ({ server }) => {
    const settings = settingsOf(server.url, { timeoutSeconds });
    const transport = createTransport(settings);
    const client = createClient(settings, transport.fetchWithin(1_000));
    const error: unknown = await client.send({ route: 'chat/completions', body: {} }, signal).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    transport.close();
    const read = client.readError(error);
    result = { error, read, failure: describeFailure(read, settings, 0) };
  });
  return result ?? { error: undefined, read: undefined, failure: undefined };
};

type Row = readonly [
  name: string,
  error: abstract new (...args: never[]) => Error,
  reply: Replied,
  means: object,
];

const STATUSES: readonly Row[] = [
  [
    'BadRequestError',
    openai.BadRequestError,
    errorReply(400),
    { kind: 'row', reject: { cause: 'invalid_request' } },
  ],
  ['AuthenticationError', openai.AuthenticationError, errorReply(401), { kind: 'refused' }],
  ['PermissionDeniedError', openai.PermissionDeniedError, errorReply(403), { kind: 'refused' }],
  ['NotFoundError', openai.NotFoundError, errorReply(404), { kind: 'refused' }],
  ['ConflictError', openai.ConflictError, errorReply(409), { kind: 'failed' }],
  ['UnprocessableEntityError', openai.UnprocessableEntityError, errorReply(422), { kind: 'row' }],
  [
    'RateLimitError',
    openai.RateLimitError,
    errorReply(429, {}, { 'retry-after': '2' }),
    { kind: 'throttled', retryAfterMs: 2_000 },
  ],
  ['InternalServerError', openai.InternalServerError, errorReply(500), { kind: 'failed' }],
  ['InternalServerError of 503', openai.InternalServerError, errorReply(503), { kind: 'unavailable' }],
  [
    'APIError of a redirect',
    openai.APIError,
    { status: 302, headers: { location: '/x' } },
    { kind: 'refused' },
  ],
  ['APIConnectionError', openai.APIConnectionError, 'none', { kind: 'failed', error: 'ECONNRESET' }],
  [
    'APIConnectionError of a cut',
    openai.APIConnectionError,
    { body: 'x'.repeat(100), cutAfterBytes: 9 },
    { kind: 'failed' },
  ],
  [
    'APIConnectionError of a size',
    openai.APIConnectionError,
    { body: 'x'.repeat(2_000) },
    { kind: 'failed', error: 'too_large' },
  ],
  ['SyntaxError', SyntaxError, { body: '{' }, { kind: 'failed', error: 'broken_reply' }],
];

describe('an error of the official client', () => {
  it.each(STATUSES)('has a meaning: %s', async (_, type, reply, means) => {
    const { error, failure } = await throwOf(() => reply);
    expect(error).toBeInstanceOf(type);
    expect(failure).toMatchObject(means);
  });

  it('has a meaning: APIConnectionTimeoutError', async () => {
    const { error, failure } = await throwOf(() => 'silence', { timeoutSeconds: 0.05 });
    expect(error).toBeInstanceOf(openai.APIConnectionTimeoutError);
    expect(failure).toMatchObject({ kind: 'timeout' });
  });

  it('has none: APIUserAbortError', async () => {
    const { error, read, failure } = await throwOf(() => 'silence', { signal: AbortSignal.abort() });
    expect(error).toBeInstanceOf(openai.APIUserAbortError);
    expect(read).toEqual({ kind: 'aborted' });
    expect(failure).toBeUndefined();
  });

  it('is never tried again by the client itself', async () => {
    let asked = 0;
    await throwOf(() => {
      asked += 1;
      return errorReply(500);
    });
    expect(asked).toBe(1);
  });

  it('covers every class that the package exports, so that a new one is seen', () => {
    const classes = Object.entries(openai)
      .filter(([, value]) => typeof value === 'function' && value.prototype instanceof Error)
      .map(([name]) => name);
    const tested = [
      ...STATUSES.map(([name]) => name.split(' ')[0]),
      'APIConnectionTimeoutError',
      'APIUserAbortError',
    ];
    // The base, what streams and tool calls have, and what the client's own sign-in has: nobody asks for them here.
    const unused = [
      'OpenAIError',
      'InvalidWebhookSignatureError',
      'LengthFinishReasonError',
      'ContentFilterFinishReasonError',
      'OAuthError',
      'SubjectTokenProviderError',
    ];
    expect(classes.filter((name) => ![...tested, ...unused].includes(name))).toEqual([]);
  });
});
