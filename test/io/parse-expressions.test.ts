import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SPEC_LIMITS } from '../../functions/contract/spec-limits.ts';
import { type ParsedExpression, parseExpressions } from '../../functions/io/parse-expressions.ts';
import { renderOrder } from '../../functions/sql/render-expression.ts';
import { inSession } from './expression-session.ts';

const parseIn = (
  connection: DuckDBConnection,
  texts: readonly string[],
  form: 'value' | 'sort key' = 'value',
) =>
  parseExpressions(
    connection,
    texts.map((text, index) => ({ path: `steps[${index}].filter`, text, form })),
  );

const parse = (texts: readonly string[], form: 'value' | 'sort key' = 'value') =>
  inSession((connection) => parseIn(connection, texts, form));

const messagesOf = (parsed: readonly ParsedExpression[]) =>
  parsed.map(({ problems }) => problems.map(({ message }) => message).join(' '));

describe('parseExpressions', () => {
  it('gives the trees in the order of the texts, refused ones between', async () => {
    const parsed = await parse(['a', ';', 'b +', 'c']);
    expect(
      parsed.map(({ expression }) => (expression?.kind === 'column' ? expression.path : expression)),
    ).toEqual([['a'], undefined, undefined, ['c']]);
    expect(parsed.map(({ problems }) => problems.map(({ path }) => path))).toEqual([
      [],
      ['steps[1].filter'],
      ['steps[2].filter'],
      [],
    ]);
  });

  it('says where a syntax error stands, in characters', async () => {
    expect(messagesOf(await parse(['a + ) b', "'äö' || ]", 'a +', '(a']))).toEqual([
      'syntax error at or near ")" (at character 5).',
      'syntax error at or near "]" (at character 9).',
      expect.stringMatching(/syntax error at end of input/),
      expect.stringMatching(/syntax error at end of input/),
    ]);
  });

  it('keeps integers beyond 2^53, and texts that look like them', async () => {
    const parsed = await parse([
      '9007199254740993',
      '18446744073709551617',
      '12345678901234567.25',
      `'"value":9007199254740993}'`,
      `'"value":Infinity}'`,
    ]);
    expect(parsed.map(({ expression }) => expression)).toMatchObject([
      { value: '9007199254740993' },
      { value: '18446744073709551617' },
      { value: '12345678901234567.25' },
      { type: 'text', value: '"value":9007199254740993}' },
      { type: 'text', value: '"value":Infinity}' },
    ]);
  });

  it('rejects a number that no double can hold', async () => {
    expect(messagesOf(await parse(['1e400', '-1e400']))).toEqual([
      expect.stringContaining('not a number that DuckDB can hold'),
      expect.stringContaining('not a number that DuckDB can hold'),
    ]);
  });

  it('rejects NUL, half surrogates and texts that are too long, before the engine sees them', async () => {
    const long = `'${'x'.repeat(SPEC_LIMITS.expressionLength)}'`;
    expect(
      messagesOf(await parse(['a\0b', "'\ud800'", "'\udc00x'", long, '1'.repeat(1_000_000), "E'\\000'"])),
    ).toEqual([
      'the expression holds a NUL character.',
      'the expression is not valid Unicode: it holds half a surrogate.',
      'the expression is not valid Unicode: it holds half a surrogate.',
      `the expression has ${long.length} characters; at most 65536 are allowed.`,
      'the expression has 1000000 characters; at most 65536 are allowed.',
      expect.stringMatching(/NUL|NOT IMPLEMENTED/),
    ]);
  });

  const nested: readonly (readonly [name: string, text: (depth: number) => string])[] = [
    ['parentheses', (depth) => `${'('.repeat(depth)}1${')'.repeat(depth)}`],
    ['calls', (depth) => `${'abs('.repeat(depth)}1${')'.repeat(depth)}`],
    ['lists', (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`],
    ['negations', (depth) => `${'NOT '.repeat(depth)}true`],
    ['minuses', (depth) => `${'- '.repeat(depth)}a`],
    ['sums', (depth) => `1${'+1'.repeat(depth)}`],
    ['casts', (depth) => `a${'::INT'.repeat(depth)}`],
    ['cases', (depth) => `${'CASE WHEN a THEN '.repeat(depth)}1${' END'.repeat(depth)}`],
    ['arrows', (depth) => `a${' -> a'.repeat(depth)}`],
    ['types', (depth) => `a::${'STRUCT(x '.repeat(depth)}INT${')'.repeat(depth)}`],
    ['list types', (depth) => `a::INT${'[]'.repeat(depth)}`],
    ['subqueries', (depth) => `${'(SELECT '.repeat(depth)}1${')'.repeat(depth)}`],
    ['conjunctions', (depth) => `${'(a AND (b OR '.repeat(depth)}c${'))'.repeat(depth)}`],
  ];
  it.each(nested)('judges deeply nested %s in bounded time', async (_name, text) => {
    const texts = [300, 1_000, 3_000, 10_000, 30_000].map(text).filter((one) => one.length < 65_536);
    const began = performance.now();
    for (const { problems, expression } of await parse(texts)) {
      expect(problems.length > 0 || expression !== undefined).toBe(true);
    }
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  it('rejects what nests deeper than the limit', async () => {
    expect(
      messagesOf(await parse([`1${'+1'.repeat(300)}`, `1${'+1'.repeat(3_000)}`, `${'('.repeat(30_000)}1`])),
    ).toEqual([
      expect.stringContaining('nests deeper than 200 levels'),
      expect.stringContaining('nests too deep'),
      expect.stringContaining('nests too deep'),
    ]);
  });

  it('survives any text: a tree or a problem, never a crash', async () => {
    const word = fc.constantFrom(
      ..."SELECT FROM ( ) [ ] { } , . : :: := -> => lambda x ' \" $ $$ # ? * + - / // % ; -- /* */ E e' \\ AND OR NOT IN BETWEEN CASE WHEN END IS NULL CAST AS COLUMNS a b.c 1 1e5 0x INTERVAL DATE ARRAY MAP OVER FILTER DISTINCT ORDER BY UNION VALUES WITH".split(
        ' ',
      ),
    );
    const texts = fc.oneof(
      fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    await inSession((connection) =>
      fc.assert(
        fc.asyncProperty(fc.array(texts, { minLength: 20, maxLength: 40 }), async (some) => {
          for (const { expression, problems } of await parseIn(connection, some)) {
            expect(expression !== undefined || problems.length === 1).toBe(true);
          }
        }),
        { numRuns: 40 },
      ),
    );
  });
});

describe('parseExpressions on sort keys', () => {
  it('reads the direction and the place of NULL, which comes last unless said', async () => {
    const parsed = await parse(
      ['a', 'a DESC', 'a ASC NULLS FIRST', '"a b" DESC NULLS LAST', 'lower(a) desc'],
      'sort key',
    );
    expect(parsed.map(({ order }) => (order === undefined ? undefined : renderOrder(order)))).toEqual([
      '"a" ASC NULLS LAST',
      '"a" DESC NULLS LAST',
      '"a" ASC NULLS FIRST',
      '"a b" DESC NULLS LAST',
      '"lower"("a") DESC NULLS LAST',
    ]);
  });

  it('rejects several keys, constants, stars, limits and subqueries', async () => {
    const texts = [
      'a, b',
      '1',
      'ALL',
      'a LIMIT 1',
      '(SELECT 1)',
      'a; b',
      '',
      'a UNION SELECT 1',
      'a DOWN',
      'COLUMNS(*)',
    ];
    expect(messagesOf(await parse(texts, 'sort key'))).toEqual([
      expect.stringContaining('found 2 expressions'),
      expect.stringContaining('a constant sorts nothing'),
      expect.stringContaining('star'),
      expect.stringContaining('more than one expression'),
      expect.stringContaining('subquery'),
      expect.stringContaining('semicolon'),
      expect.stringContaining('is empty'),
      expect.stringMatching(/more than one|syntax error/),
      expect.stringContaining('syntax error'),
      expect.stringContaining('star'),
    ]);
  });
});
