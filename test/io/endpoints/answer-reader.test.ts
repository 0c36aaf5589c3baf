import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InferAnswer } from '../../../functions/contract/planned-infer.ts';
import { createAnswerReader } from '../../../functions/io/endpoints/answer-reader.ts';
import { createBoundedCheck } from '../../../functions/io/endpoints/bounded-check.ts';
import { hasRepeatedKeys } from '../../../functions/io/endpoints/repeated-keys.ts';
import { announceSeed } from '../../oracle/grammar.ts';

const read = async (answer: InferAnswer, text: string, isWrapped = false) =>
  (await createAnswerReader(answer, { isWrapped }))(text);

const SCHEMA = {
  type: 'object',
  properties: { theme: { type: 'string' }, sure: { type: 'number', minimum: 0, maximum: 1 } },
  required: ['theme'],
  additionalProperties: false,
};
const json = { kind: 'json', schema: SCHEMA } as const;

describe('an answer of JSON', () => {
  it('goes on as it was written, where it obeys the schema', async () => {
    const text = '  {"theme" : "billing", "sure":0.50}\n';
    expect(await read(json, text)).toEqual({ text });
  });

  it.each([
    ['cut off', '{"theme": "bil', /not JSON/],
    ['with words around', 'Here it is: {"theme": "billing"}', /not JSON/],
    ['empty', '', /not JSON/],
    ['another type', '[1]', /the whole must be object/],
    ['a field missing', '{"sure": 1}', /required property/],
    ['a field too many', '{"theme": "x", "more": 1}', /additional/],
    ['out of bounds', '{"theme": "x", "sure": 2}', /\/sure must be <= 1/],
    ['a key twice', '{"theme": "x", "theme": "y"}', /a key twice/],
    ['a key twice, written differently', '{"theme": "x", "them\\u0065": "y"}', /a key twice/],
    ['half of a surrogate pair', '{"theme": "\\ud800"}', /surrogate/],
    ['NaN', '{"theme": "x", "sure": NaN}', /not JSON/],
  ])('is none: %s', async (_, text, problem) => {
    expect(await read(json, text)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it('of a schema of an older draft is checked by that', async () => {
    const schema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      items: [{ type: 'string' }],
      type: 'array',
    };
    expect(await read({ kind: 'json', schema }, '["x", 1]')).toEqual({ text: '["x", 1]' });
    expect(await read({ kind: 'json', schema }, '[1]')).toEqual({ problem: expect.any(String) });
  });

  it('fails where no draft can read the schema', async () => {
    await expect(read({ kind: 'json', schema: { type: 'no such type' } }, '1')).rejects.toThrow();
    await expect(read({ kind: 'json', schema: { $ref: 'https://example.com/x' } }, '1')).rejects.toThrow();
  });

  it('has a key twice exactly where JSON with numbered keys has fewer', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        expect(hasRepeatedKeys(text, JSON.parse(text))).toBe(false);
        const doubled = `{"a":${text},"a":1}`;
        expect(hasRepeatedKeys(doubled, JSON.parse(doubled))).toBe(true);
      }),
      announceSeed('repeated keys', 300),
    );
  });
});

describe('an answer of a list', () => {
  const choice: InferAnswer = { kind: 'choice', choice: ['yes', 'no', '"maybe"'] };
  it.each([
    ['yes', false, true],
    ['"maybe"', false, true],
    ['Yes', false, false],
    ['yes ', false, false],
    ['', false, false],
    ['{"answer":"yes"}', true, true],
    ['{"answer":"\\u0079es"}', true, true],
    ['{"answer":["yes"]}', true, false],
    ['{"answer":"other"}', true, false],
    ['yes', true, false],
    ['{"answer":"y', true, false],
  ])('is one of it or none: %s (%s)', async (text, isWrapped, isAnswer) => {
    const answer = await read(choice, text, isWrapped);
    if (isAnswer) expect(['yes', 'no', '"maybe"']).toContain(answer.text);
    else expect(answer).toEqual({ problem: 'the answer is none of the choices' });
  });
});

describe('an answer of an expression', () => {
  it.each([
    ['[a-z]+', 'abc', true],
    ['[a-z]+', 'abc1', false],
    ['a|b', 'b', true],
    ['a|b', 'ab', false],
    ['.', '\u{1f600}', true],
    ['[a-z]+', 'abc\n', false],
  ])('matches as a whole: %s, %j', async (regex, text, isAnswer) => {
    expect((await read({ kind: 'regex', regex }, text)).text === text).toBe(isAnswer);
  });
});

describe('an answer that takes an expression very long', () => {
  // Each further letter doubles the time: hours for these.
  const text = 'abcdefghij'.repeat(4);
  const pattern = '([a-z]+ ?)+[.]';
  const inTime: InferAnswer[] = [
    { kind: 'regex', regex: pattern },
    { kind: 'json', schema: { type: 'string', pattern: `^${pattern}$` } },
  ];
  it.each(inTime)('is given up in time: $kind', async (answer) => {
    const given = answer.kind === 'json' ? JSON.stringify(text) : text;
    expect(await read(answer, given)).toEqual({ problem: 'the answer could not be checked in 1 s' });
    const short = answer.kind === 'json' ? '"a bc."' : 'a bc.';
    expect(await read(answer, short)).toEqual({ text: short });
  });

  it('keeps no later answer from being checked, and no mistake of ours quiet', () => {
    const bounded = createBoundedCheck();
    expect(bounded(() => new RegExp(`^${pattern}$`).test(text))).toBeUndefined();
    expect(bounded(() => 7)).toEqual({ result: 7 });
    expect(() =>
      bounded(() => {
        throw new TypeError('ours');
      }),
    ).toThrow('ours');
  });
});

it('is whole as text, whatever half of a pair the endpoint sends', async () => {
  expect(await read({ kind: 'text' }, 'a\ud800b')).toEqual({ text: 'a\ufffdb' });
});
