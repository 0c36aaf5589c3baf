/** An endpoint that is against us, and rows that are: no key is shown, nothing grows without bound, every row has an end. */
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../functions/io/endpoints/secret.ts';
import { announceSeed } from '../../oracle/grammar.ts';
import { askMany, askOne, chatRow, withScript } from './ask-rows.ts';
import { stepOf } from './endpoint-world.ts';
import { chatReply, errorReply, lastMessage, type Replied } from './scripted-endpoint.ts';

const KEY = 'sk-a-key-that-nobody-may-see/+=';
const key = new Secret(KEY);
const encoded = Buffer.from(KEY).toString('base64');

const settled = async (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    (value) => value,
    (error: unknown) => error,
  );

/** All that could come out of a process, and nothing of the key in it. */
const expectNoKey = (value: unknown): void => {
  const error = value instanceof Error ? `${value.stack} ${value.message} ${value.cause}` : '';
  for (const shown of [
    inspect(value, { depth: null, showHidden: true, getters: true }),
    JSON.stringify(value),
    error,
  ])
    for (const form of [KEY, encodeURIComponent(KEY), encoded]) expect(shown).not.toContain(form);
};

describe('the key', () => {
  it('is sent in its header, and nowhere else', () =>
    withScript(
      () => chatReply('hi'),
      async ({ endpoint, server }) => {
        await askOne(endpoint);
        const [asked] = server.asked;
        expect(asked?.headers.authorization).toBe(`Bearer ${KEY}`);
        expectNoKey({ ...asked, headers: { ...asked?.headers, authorization: '' } });
      },
      { key },
    ));

  it('is not sent where there is none, whatever the environment of the official client has', async () => {
    const before = process.env.OPENAI_API_KEY;
    process.env.OPENAI_API_KEY = KEY;
    process.env.OPENAI_ORG_ID = 'org-of-somebody';
    try {
      await withScript(
        () => chatReply('hi'),
        async ({ endpoint, server }) => {
          await askOne(endpoint);
          expect(Object.keys(server.asked[0]?.headers ?? {}).sort()).toEqual([
            'accept',
            'connection',
            'content-length',
            'content-type',
            'host',
            'user-agent',
          ]);
        },
      );
    } finally {
      delete process.env.OPENAI_ORG_ID;
      if (before === undefined) delete process.env.OPENAI_API_KEY;
      else process.env.OPENAI_API_KEY = before;
    }
  });

  const echoes: readonly (readonly [string, Replied])[] = [
    ['in a refusal', errorReply(401, { message: `Incorrect API key provided: ${KEY}` })],
    ['as the code of a refusal', errorReply(403, { code: encoded.replaceAll(/[^\w]/g, '') })],
    ['in a refusal of the row', errorReply(400, { message: `Bearer ${KEY}`, code: 'x' })],
    ['encoded in a refusal of the row', errorReply(400, { message: encodeURIComponent(KEY) })],
    ['at the place where a message is cut', errorReply(400, { message: `${'x'.repeat(480)}${KEY}` })],
    ['in an answer', chatReply(`your key is ${KEY}`)],
    ['in base64 in an answer', chatReply(`your key is ${encoded}`)],
    ['in a page', { status: 500, body: `<html>${KEY}</html>` }],
    ['in broken JSON', { body: `{"key": "${KEY}"` }],
    ['in a header', { status: 302, headers: { location: `https://x.example/?${encodeURIComponent(KEY)}` } }],
    ['as the name of a field', { body: { [KEY]: 1 } }],
  ];
  it.each(echoes)('is in no reject, no error and no answer where the endpoint echoes it %s', (_, reply) =>
    withScript(
      () => reply,
      async ({ endpoint }) => expectNoKey(await settled(askOne(endpoint))),
      { key, giveUpSeconds: 0.1 },
    ),
  );

  it('is in no error where the endpoint names its models by it', () =>
    withScript(
      ({ route }) => (route === '/models' ? { body: { data: [{ id: KEY }] } } : errorReply(404)),
      async ({ endpoint }) => {
        const error = await settled(askOne(endpoint));
        expect(error).toMatchObject({ message: expect.stringContaining('it serves') });
        expectNoKey(error);
      },
      { key },
    ));

  it('is no finish reason', () => {
    const word = 'sk-word-of-letters-and-digits-1';
    return withScript(
      () => chatReply('hi', { reason: word }),
      async ({ endpoint }) => {
        expect(await askOne(endpoint)).toMatchObject({ answer: 'hi', finishReason: undefined });
      },
      { key: new Secret(word) },
    );
  });

  it('that servers without keys want may stand in an answer: it is a common word', () =>
    withScript(
      () => chatReply('this is EMPTY'),
      async ({ endpoint }) => {
        expect(await askOne(endpoint)).toMatchObject({ answer: 'this is EMPTY' });
      },
      { key: new Secret('EMPTY') },
    ));
});

describe('a text of a row', () => {
  it('arrives as it is: control characters, NUL, quotes, every script', () =>
    withScript(
      (asked) => chatReply(lastMessage(asked)),
      async ({ endpoint }) => {
        const texts = fc.string({ unit: 'binary', maxLength: 200 });
        const hard = [
          '\u0000',
          '\u001b[31m',
          '"}],"model":"other',
          '\r\n\r\nGET / HTTP/1.1',
          '\u2028',
          '\ufeff',
        ];
        await fc.assert(
          fc.asyncProperty(fc.oneof(texts, fc.constantFrom(...hard)), async (text) => {
            expect(await askOne(endpoint, { row: chatRow(text) })).toMatchObject({ answer: text });
          }),
          announceSeed('texts over the wire', 30),
        );
      },
    ));

  it('may have 10 MB', () => {
    const text = 'x'.repeat(10_000_000);
    return withScript(
      (asked) => chatReply(`${lastMessage(asked).length}`),
      async ({ endpoint, server }) => {
        expect(await askOne(endpoint, { row: chatRow(text) })).toMatchObject({ answer: '10000000' });
        expect(server.asked).toHaveLength(1);
      },
    );
  });

  it('of that size is not open more often than the memory has room for it', () => {
    const text = 'x'.repeat(10_000_000);
    return withScript(
      (asked) => chatReply(`${lastMessage(asked).length}`),
      async ({ endpoint, server }) => {
        const never = new AbortController().signal;
        const ask = await endpoint.prepare(stepOf(), never);
        const answers = await Promise.all(Array.from({ length: 9 }, () => ask(chatRow(text), never)));
        expect(answers.map(({ answer }) => answer)).toEqual(new Array(9).fill('10000000'));
        expect(server.mostOpen()).toBeLessThanOrEqual(6);
      },
      { concurrency: 64 },
    );
  });
});

describe('a reply', () => {
  it('of any JSON is an answer, a reject or an end by name, never a mistake of ours', async () => {
    let reply: unknown;
    await withScript(
      () => ({ body: JSON.stringify(reply) ?? 'null' }),
      async ({ endpoint }) => {
        const choice = fc.record(
          {
            finish_reason: fc.oneof(
              fc.constantFrom('stop', 'length', 'content_filter', null),
              fc.jsonValue(),
            ),
            message: fc.oneof(
              fc.record({ content: fc.jsonValue(), refusal: fc.jsonValue() }, { requiredKeys: [] }),
              fc.jsonValue(),
            ),
          },
          { requiredKeys: [] },
        );
        const replies = fc.oneof(
          fc.jsonValue(),
          fc.record(
            { choices: fc.oneof(fc.array(choice, { maxLength: 2 }), fc.jsonValue()), usage: fc.jsonValue() },
            { requiredKeys: [] },
          ),
        );
        await fc.assert(
          fc.asyncProperty(replies, async (body) => {
            reply = chatReply('first');
            reply = (reply as { readonly body: unknown }).body;
            // An answer in between: the endpoint is there.
            await askOne(endpoint);
            reply = body;
            const stop = new AbortController();
            const asking = settled(askOne(endpoint, { signal: stop.signal }));
            const brief = setTimeout(() => stop.abort(new Error('long enough')), 30);
            const outcome = await asking;
            clearTimeout(brief);
            if (outcome instanceof Error) expect(outcome.message).toBe('long enough');
            else expect(outcome).toSatisfy((row: object) => 'reject' in row || 'answer' in row);
          }),
          announceSeed('replies of any JSON', 30),
        );
      },
      { giveUpSeconds: 60 },
    );
  });

  it('that never ends is cut off', () =>
    withScript(
      (asked) =>
        lastMessage(asked) === 'row 3'
          ? { headers: { 'content-length': '999999999' }, body: 'x'.repeat(4 * 2 ** 20) }
          : chatReply('hi'),
      async ({ endpoint }) => {
        const answers = await askMany(endpoint, 60);
        expect(answers.flatMap(({ reject }) => reject ?? [])).toMatchObject([{ error: 'too_large' }]);
      },
    ));

  it('deep beyond every stack is no answer, and no end of the process', () =>
    withScript(
      () => chatReply(`${'['.repeat(200_000)}${']'.repeat(200_000)}`),
      async ({ endpoint }) => {
        const schema = { type: 'array', items: { $ref: '#' } };
        const step = stepOf({ answer: { kind: 'json', schema } });
        expect(await askOne(endpoint, { step })).toMatchObject({ reject: { cause: 'answer_shape' } });
      },
    ));
});
