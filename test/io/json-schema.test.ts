import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../functions/io/json-schema.ts';

const object = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };

describe('compileSchema', () => {
  it.each([
    undefined,
    'https://json-schema.org/draft/2020-12/schema',
    'https://json-schema.org/draft/2019-09/schema',
    'http://json-schema.org/draft-07/schema#',
  ])('compiles a schema of the draft %s', (draft) => {
    const compiled = compileSchema(draft === undefined ? object : { $schema: draft, ...object });
    if (!compiled.isValid) throw new Error(JSON.stringify(compiled.issues));
    expect(compiled.validate({ a: 1 })).toBe(true);
    expect(compiled.validate({ a: 'x' })).toBe(false);
  });

  it('names every place that is wrong, once each', () => {
    const compiled = compileSchema({
      type: 'objekt',
      properties: { a: { minLength: -1 }, b: { type: 'no' } },
    });
    expect(compiled).toMatchObject({ isValid: false });
    const paths = compiled.isValid ? [] : compiled.issues.map(({ path }) => path.join('.'));
    expect(paths.sort()).toEqual(['properties.a.minLength', 'properties.b.type', 'type']);
  });

  it('says what it found, what it expected, and what may be meant', () => {
    const compiled = compileSchema({ properties: { a: { type: 'strng' }, b: { minLength: -1 } } });
    expect(compiled.isValid ? [] : compiled.issues).toEqual([
      {
        path: ['properties', 'a', 'type'],
        message:
          'has "strng" (text) here, expected one of array, boolean, integer, null, number, object or string',
        suggestion: 'string',
      },
      {
        path: ['properties', 'b', 'minLength'],
        message: 'has -1 (a number) here, which must be >= 0',
      },
    ]);
  });

  it.each([
    [{ $schema: 'http://json-schema.org/draft-04/schema#' }, /draft-04/],
    [{ $ref: '#/$defs/none' }, /cannot be compiled/],
    [{ $ref: 'https://example.com/x' }, /cannot be compiled/],
    [{ type: 'string', pattern: '[' }, /cannot be compiled/],
  ])('refuses %j', (schema, expected) => {
    const compiled = compileSchema(schema);
    expect(compiled.isValid ? '' : compiled.issues.map(({ message }) => message).join()).toMatch(expected);
  });

  it('takes a schema that refers to itself', () => {
    const compiled = compileSchema({ type: 'array', items: { $ref: '#' } });
    expect(compiled.isValid && [compiled.validate([[], [[]]]), compiled.validate([['a']])]).toEqual([
      true,
      false,
    ]);
  });

  it('takes patterns of other languages', () => {
    const compiled = compileSchema({ type: 'string', pattern: '^[\\w\\-]+$' });
    expect(compiled.isValid && compiled.validate('a-b')).toBe(true);
  });
});
