import { describe, expect, it } from 'vitest';
import { judgeWorkerPatterns } from '../../functions/core/judge-worker-patterns.ts';

const ofRegex = (regex: string) => judgeWorkerPatterns({ kind: 'regex', regex });

describe('judgeWorkerPatterns', () => {
  // The same that gpu-image/tests/test_judge_answer.py has, of Python's own reading.
  it.each([
    '^(?<y>[0-9]+)$',
    '^(?<q>a)\\k<q>$',
    '^[^]+$',
    '[]',
    '^\\u{61}+$',
    '^[(?<y>]$',
    '^[\\w\\-]+$',
    '^a{2,}$',
    '^(?:a|b)$',
    '(?<=a)b',
    '(?<=(?i:a))b',
    '(?<=a{2})b+',
    '(?<!(?:ab){3}?)c*',
    '(?<=(?=a+)b)c',
    '\\\\p{L}',
    '[\\\\p]',
    '(?<=[*+?])a',
    '(?<=\\+)a',
  ])('takes %s', (regex) => expect(ofRegex(regex)).toEqual([]));

  it.each([
    ['\\p{L}+', /property of characters/],
    ['[a\\P{L}]', /property of characters/],
    ['\\\\\\p{L}', /property of characters/],
    ['(?<=a+)b', /look behind/],
    ['(?<!(?:ab)?)c', /look behind/],
    ['(?<=(a{1,3}))b', /look behind/],
    ['(?<=a{2,})b', /look behind/],
  ])('refuses %s', (regex, expected) =>
    expect(ofRegex(regex)).toEqual([{ path: ['regex'], message: expect.stringMatching(expected) }]),
  );

  it('finds expressions of a schema where they are some, and only there', () => {
    const bad = '\\p{L}';
    const schema = {
      properties: { pattern: { type: 'string', pattern: bad }, enum: { items: [{ pattern: bad }] } },
      patternProperties: { [bad]: {} },
      anyOf: [{ pattern: bad }],
      enum: [{ pattern: bad }],
      default: { pattern: bad },
    };
    expect(judgeWorkerPatterns({ kind: 'json', schema }).map(({ path }) => path.join('/'))).toEqual([
      'schema/properties/pattern/pattern',
      'schema/properties/enum/items/0/pattern',
      'schema/patternProperties/\\p{L}',
      'schema/anyOf/0/pattern',
    ]);
  });
});
