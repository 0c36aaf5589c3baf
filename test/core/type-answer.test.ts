import { describe, expect, it } from 'vitest';
import { typeAnswer } from '../../functions/core/type-answer.ts';
import { renderAnswerType } from '../../functions/sql/read-answer.ts';

const typeOf = (schema: Readonly<Record<string, unknown>>): string =>
  renderAnswerType(typeAnswer(schema).type);
const problemsOf = (schema: Readonly<Record<string, unknown>>): readonly string[] =>
  typeAnswer(schema).problems.map(({ path, message }) => `${path.join('.')}: ${message}`);

const object = (properties: object): Readonly<Record<string, unknown>> => ({ type: 'object', properties });

describe('typeAnswer', () => {
  it.each([
    [{ type: 'string' }, 'VARCHAR'],
    [{ type: 'integer' }, 'BIGINT'],
    [{ type: 'number' }, 'DOUBLE'],
    [{ type: 'boolean' }, 'BOOLEAN'],
    [{ enum: ['a', 'b'] }, 'VARCHAR'],
    [{ enum: [1, 2] }, 'BIGINT'],
    [{ const: 'a' }, 'VARCHAR'],
    [{ type: ['string', 'null'] }, 'VARCHAR'],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, 'BIGINT'],
    [{ type: ['string', 'integer'] }, 'JSON'],
    [{}, 'JSON'],
    [{ type: 'array', items: { type: 'integer' } }, 'BIGINT[]'],
    [{ type: 'array' }, 'JSON'],
    [object({ a: {}, A: {} }), 'JSON'],
    [{ type: 'object' }, 'JSON'],
    [{ properties: { a: { type: 'string' } } }, 'JSON'],
    [{ items: { type: 'integer' } }, 'JSON'],
    [{ enum: [1e300] }, 'DOUBLE'],
    [
      object({ a: { type: 'string' }, 'b c': { type: 'array', items: object({ d: { type: 'number' } }) } }),
      'STRUCT("a" VARCHAR, "b c" STRUCT("d" DOUBLE)[])',
    ],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, 'MAP(VARCHAR, BIGINT)'],
    [
      { ...object({ a: { $ref: '#/$defs/word' } }), $defs: { word: { type: 'string' } } },
      'STRUCT("a" VARCHAR)',
    ],
  ])('gives %j the type %s', (schema, expected) => {
    expect(typeOf(schema).replaceAll('"', '')).toBe(expected.replaceAll('"', ''));
  });

  it.each([
    [object({ a: { $ref: '#/$defs/none' } }), /properties.a.*/],
    [object({ a: { $ref: 'https://example.com/schema' } }), /properties.a.*/],
    [{ $dynamicRef: '#x' }, /\$dynamicRef: is not supported/],
  ])('names what %j has and no type can be made of', (schema, expected) => {
    expect(problemsOf(schema).join('\n')).toMatch(expected);
  });

  it('makes JSON of what contains itself', () => {
    const schema = {
      ...object({ next: { $ref: '#' }, n: { type: 'integer' } }),
    };
    expect(problemsOf(schema)).toEqual([]);
    expect(typeOf(schema)).toMatch(/JSON/);
  });

  it('refuses a schema that references make too large', () => {
    const doubled = Object.fromEntries(
      Array.from({ length: 30 }, (_, level) => [
        `l${level}`,
        level === 0
          ? { type: 'string' }
          : object({ a: { $ref: `#/$defs/l${level - 1}` }, b: { $ref: `#/$defs/l${level - 1}` } }),
      ]),
    );
    expect(problemsOf({ $ref: '#/$defs/l29', $defs: doubled })).toEqual([
      ': makes a type of more than 10000 parts',
    ]);
  });
});
