/** An endpoint that fails in every way: each row is answered or rejected, or the job ends by name. */
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../functions/io/endpoints/secret.ts';
import { askMany, askOne, chatRow, withScript } from './ask-rows.ts';
import { stepOf } from './endpoint-world.ts';
import {
  type Asked,
  chatReply,
  errorReply,
  lastMessage,
  type Replied,
  type Script,
} from './scripted-endpoint.ts';

const echo: Script = (asked) => chatReply(lastMessage(asked));
/** Answers like `reply` the first time that it sees a row for which `isBad` holds, then as it should. */
const once = (reply: Replied, isBad: (row: number) => boolean): Script => {
  const seen = new Set<string>();
  return (asked) => {
    const message = lastMessage(asked);
    if (!isBad(Number(message.slice(4))) || seen.has(message)) return chatReply(message);
    seen.add(message);
    return reply;
  };
};
const everyThird = (row: number): boolean => row % 3 === 1;

const HTML = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>hello</html>' };
const PASSING: readonly (readonly [string, Replied])[] = [
  ['429', errorReply(429, { code: 'rate_limit_exceeded' })],
  ['429 with seconds', errorReply(429, {}, { 'retry-after': '0' })],
  ['429 with a date', errorReply(429, {}, { 'retry-after': new Date(0).toUTCString() })],
  ['429 with milliseconds', errorReply(429, {}, { 'retry-after-ms': '3' })],
  ['500', errorReply(500)],
  ['502 with a page of a gateway', { ...HTML, status: 502 }],
  ['503', errorReply(503)],
  ['504 without a body', { status: 504 }],
  ['529', errorReply(529, { type: 'overloaded_error' })],
  ['a status that nobody knows', errorReply(599)],
  ['a connection that ends without a word', 'none'],
  ['a reply that is cut off', { body: { choices: [] }, cutAfterBytes: 5 }],
  ['JSON that is broken', { body: '{"choices": [' }],
  ['no JSON', { body: 'hello' }],
  ['another content type', HTML],
  ['an empty reply', {}],
  ['no choice', { body: { choices: [] } }],
  ['two choices', { body: { choices: [{ message: {} }, { message: {} }] } }],
  ['a choice that is none', { body: { choices: ['hello'] } }],
  ['an answer that is no text', { body: { choices: [{ message: { content: 7 } }] } }],
  ['a list', { body: [1, 2] }],
  ['null', { body: null }],
  ['an error with the status of success', { body: { error: { message: 'no', code: 500 } } }],
  ['a compressed reply', { headers: { 'content-encoding': 'gzip' }, body: 'hello' }],
];

describe('a fault that passes', () => {
  it.each(PASSING)('costs no row: %s', (_, reply) =>
    withScript(once(reply, everyThird), async ({ endpoint, server }) => {
      const answers = await askMany(endpoint, 12);
      expect(answers.map(({ answer }) => answer)).toEqual(Array.from({ length: 12 }, (__, i) => `row ${i}`));
      expect(server.asked).toHaveLength(16);
    }),
  );

  it('costs no row although it meets all rows for a while', () => {
    let asked = 0;
    const script: Script = (request) => (++asked <= 30 ? errorReply(503) : echo(request));
    return withScript(script, async ({ endpoint }) => {
      const answers = await askMany(endpoint, 20);
      expect(answers.filter(({ reject }) => reject !== undefined)).toEqual([]);
    });
  });
});

describe('a fault that meets the same row again and again', () => {
  const always = (reply: Replied): Script => {
    return (asked) => (lastMessage(asked) === 'row 5' ? reply : echo(asked));
  };
  it.each([
    ['500', errorReply(500), '500', 500],
    ['503', errorReply(503), '503', 500],
    ['429', errorReply(429), '429', 1_500],
    ['a connection that ends', 'none', 'ECONNRESET', 500],
    ['broken JSON', { body: '{' }, 'broken_reply', 500],
  ] as const)('makes a reject of that row alone, while others are answered: %s', (_, reply, error, rows) =>
    withScript(always(reply), async ({ endpoint, server }) => {
      const answers = await askMany(endpoint, rows);
      const rejects = answers.flatMap(({ reject }, row) =>
        reject === undefined ? [] : [{ row, ...reject }],
      );
      expect(rejects).toMatchObject([{ row: 5, cause: 'endpoint_error', error }]);
      expect(server.asked.filter((asked) => lastMessage(asked) === 'row 5').length).toBeLessThan(200);
    }),
  );

  it('makes a reject of a row that takes all the time it has, twice', () =>
    withScript(
      always('silence'),
      async ({ endpoint, server }) => {
        const answers = await askMany(endpoint, 60);
        const rejects = answers.flatMap(({ reject }) => reject ?? []);
        expect(rejects).toMatchObject([{ cause: 'row_timeout', error: 'timeout' }]);
        expect(server.asked.filter((asked) => lastMessage(asked) === 'row 5')).toHaveLength(2);
      },
      { timeoutSeconds: 0.15 },
    ));
});

describe('a row that an endpoint refuses', () => {
  it.each([
    [400, { code: 'context_length_exceeded' }, 'prompt_too_long'],
    [400, { message: "This model's maximum context length is 64 tokens." }, 'prompt_too_long'],
    [413, {}, 'prompt_too_long'],
    [400, { code: 'content_filter' }, 'content_filter'],
    [422, { message: 'unprocessable' }, 'invalid_request'],
    [400, {}, 'invalid_request'],
  ] as const)('is a reject after one try: %i %o is %s', (status, error, cause) =>
    withScript(
      () => errorReply(status, error),
      async ({ endpoint, server }) => {
        expect(await askOne(endpoint)).toMatchObject({ reject: { cause } });
        expect(server.asked).toHaveLength(1);
      },
    ),
  );

  it('is a reject also where the sentence stands outside of the envelope', () =>
    withScript(
      () => ({ status: 400, body: { detail: 'the prompt is too long' } }),
      async ({ endpoint }) => {
        expect(await askOne(endpoint)).toMatchObject({
          reject: { cause: 'prompt_too_long', message: expect.stringContaining('too long') },
        });
      },
    ));
});

describe('an endpoint that refuses all', () => {
  it.each([
    [401, { code: 'invalid_api_key' }, /the endpoint scripted answers 401 \(invalid_api_key\)/],
    [403, {}, /answers 403/],
    [404, { code: 'model_not_found' }, /answers 404/],
    [402, {}, /answers 402/],
    [429, { code: 'insufficient_quota' }, /answers 429 \(insufficient_quota\)/],
    [400, { code: 'unsupported_parameter', param: 'top_k' }, /unsupported_parameter, about top_k/],
  ] as const)('ends the job by name, after a request or a few: %i %o', (status, error, message) =>
    withScript(
      () => errorReply(status, error),
      async ({ endpoint, server }) => {
        const failing = askMany(endpoint, 50);
        await expect(failing).rejects.toMatchObject({
          name: 'EndpointError',
          message: expect.stringMatching(message),
        });
        expect(server.asked.filter(({ method }) => method === 'POST').length).toBeLessThanOrEqual(4);
        expect(endpoint.isLost()).toBe(true);
      },
    ),
  );

  it.each([
    [{}, /answers 401: no key is configured, DAYBREAK_ENDPOINT_SCRIPTED_KEY is not set$/],
    [{ key: new Secret('sk-some-key'), keyPlace: 'MY_KEY' }, /answers 401 to the key of MY_KEY$/],
  ])('says whether it had a key, and where that stands: %o', (given, message) =>
    withScript(
      () => errorReply(401),
      async ({ endpoint }) => {
        await expect(askOne(endpoint)).rejects.toMatchObject({ message: expect.stringMatching(message) });
      },
      given,
    ),
  );

  it('names the models that it has, where it does not have the one', () =>
    withScript(
      ({ route }) =>
        route === '/models'
          ? { body: { object: 'list', data: [{ id: 'large' }, { id: 'small' }] } }
          : errorReply(404, { message: 'The model does not exist.' }),
      async ({ endpoint }) => {
        await expect(askOne(endpoint)).rejects.toThrow(/has no model tiny; it serves "large", "small"/);
      },
    ));

  it('says where the API may be, where there is none under its address', () =>
    withScript(
      () => ({ status: 404, body: 'not found' }),
      async ({ endpoint }) => {
        await expect(askOne(endpoint)).rejects.toThrow(/no API under its address.*\/v1/);
      },
    ));

  it.each([301, 302, 303, 307, 308])('never follows it elsewhere: %i', async (status) => {
    const elsewhere: Asked[] = [];
    await withScript(
      (asked) => {
        elsewhere.push(asked);
        return echo(asked);
      },
      ({ server }) =>
        withScript(
          () => ({ status, headers: { location: `${server.url}/chat/completions` } }),
          async ({ endpoint }) => {
            await expect(askOne(endpoint)).rejects.toThrow(/sends requests on to another address/);
          },
        ),
    );
    expect(elsewhere).toEqual([]);
  });
});

describe('an endpoint that is not there', () => {
  it('ends the job by name when it was not there for as long as it may', () =>
    withScript(
      () => 'none',
      async ({ endpoint, server }) => {
        await server.stop();
        const failing = askMany(endpoint, 20);
        await expect(failing).rejects.toMatchObject({
          name: 'EndpointError',
          message: expect.stringMatching(
            /cannot be reached at 127\.0\.0\.1:\d+ \(ECONNREFUSED\), and nothing else for 0.3 seconds/,
          ),
        });
        await server.stop().catch(() => {});
      },
      { giveUpSeconds: 0.3 },
    ).catch((error: NodeJS.ErrnoException) => {
      // The server was stopped by the test itself.
      if (error.code !== 'ERR_SERVER_NOT_RUNNING') throw error;
    }));

  it('is asked no more by anybody when one was told that it is lost', () =>
    withScript(
      () => errorReply(401),
      async ({ endpoint, server }) => {
        await expect(askOne(endpoint)).rejects.toMatchObject({ name: 'EndpointError' });
        const { length } = server.asked;
        await expect(askOne(endpoint)).rejects.toMatchObject({ name: 'EndpointError' });
        expect(server.asked).toHaveLength(length);
      },
    ));
});

describe('a reply that is too large', () => {
  it('is not kept, and makes a reject of its row', () =>
    withScript(
      (asked) => (lastMessage(asked) === 'row 5' ? { body: 'x'.repeat(3 * 2 ** 20) } : echo(asked)),
      async ({ endpoint }) => {
        const answers = await askMany(endpoint, 60);
        expect(answers.flatMap(({ reject }) => reject ?? [])).toMatchObject([
          { cause: 'endpoint_error', error: 'too_large' },
        ]);
      },
    ));
});

describe('what an endpoint counts', () => {
  it.each([
    ['nothing', undefined],
    ['no numbers', { prompt_tokens: 'many', completion_tokens: null }],
    ['less than nothing', { prompt_tokens: -1, completion_tokens: -5 }],
    ['parts of tokens', { prompt_tokens: 1.5, completion_tokens: 0.1 }],
    ['more than there is', { prompt_tokens: 1e12, completion_tokens: Number.MAX_SAFE_INTEGER }],
    ['a list', [1, 2]],
  ])('is absent where it says %s', (_, usage) =>
    withScript(
      () => chatReply('hi', { usage }),
      async ({ endpoint }) => {
        expect(await askOne(endpoint)).toMatchObject({
          answer: 'hi',
          usage: { promptTokens: undefined, outputTokens: undefined },
        });
      },
    ),
  );

  it('has what the cache had', () =>
    withScript(
      () =>
        chatReply('hi', {
          usage: { prompt_tokens: 9, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 4 } },
        }),
      async ({ endpoint }) => {
        expect(await askOne(endpoint)).toMatchObject({
          usage: { promptTokens: 9, outputTokens: 1, cachedTokens: 4 },
        });
      },
    ));
});

describe('a row that is aborted', () => {
  it('ends with the reason at once, and its request with it', () => {
    const stop = new AbortController();
    const reason = new Error('halted');
    return withScript(
      () => 'silence',
      async ({ endpoint, server }) => {
        const asking = askOne(endpoint, { signal: stop.signal });
        const gone = expect(asking).rejects.toBe(reason);
        await expect.poll(() => server.open()).toBe(1);
        stop.abort(reason);
        await gone;
        await server.asked[0]?.closed;
        expect(server.open()).toBe(0);
      },
    );
  });

  it('ends also while it waits for its turn, and takes nobody else with it', () => {
    const stop = new AbortController();
    return withScript(
      async (asked) => {
        if (asked.number === 0) stop.abort(new Error('halted'));
        return echo(asked);
      },
      async ({ endpoint }) => {
        const never = new AbortController().signal;
        const ask = await endpoint.prepare(stepOf(), never);
        const all = await Promise.allSettled([
          ask(chatRow('row 0'), never),
          ask(chatRow('row 1'), stop.signal),
          ask(chatRow('row 2'), never),
        ]);
        expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      },
      { concurrency: 1 },
    );
  });
});
