/** Law: an answer that obeys its schema is, read into the type of the schema and written as JSON again, what it was. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { typeAnswer } from '../../functions/core/type-answer.ts';
import { compileSchema } from '../../functions/io/json-schema.ts';
import { quoteText } from '../../functions/sql/quote.ts';
import { renderAnswerValue } from '../../functions/sql/read-answer.ts';
import { withConnection } from '../io/arrow/round-trip.ts';
import { announceSeed } from '../oracle/grammar.ts';

type Schema = Readonly<Record<string, unknown>>;
/** A schema, and what obeys it. */
type Kind = { readonly schema: Schema; readonly answer: fc.Arbitrary<unknown> };

const text = fc.string({ unit: 'grapheme', maxLength: 6 });
const integer = fc.bigInt({ min: -(2n ** 53n) + 1n, max: 2n ** 53n - 1n }).map(Number);
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const anything = fc.jsonValue({ maxDepth: 2 });

const SCALARS: readonly Kind[] = [
  { schema: { type: 'string' }, answer: text },
  { schema: { type: 'integer' }, answer: integer },
  { schema: { type: 'number' }, answer: fc.oneof(number, integer) },
  { schema: { type: 'boolean' }, answer: fc.boolean() },
  { schema: { enum: ['a', 'B', null] }, answer: fc.constantFrom('a', 'B', null) },
  { schema: { enum: [1, 2.5] }, answer: fc.constantFrom(1, 2.5) },
  { schema: { enum: [1, 'a'] }, answer: fc.constantFrom(1, 'a') },
  { schema: { const: -7 }, answer: fc.constant(-7) },
  { schema: { type: ['integer', 'string', 'null'] }, answer: fc.oneof(integer, text, fc.constant(null)) },
  { schema: {}, answer: anything },
];

const name = fc.constantFrom('a', 'A', 'b c', 'd/~', '"', 'é', 'rowid');

const kind = (depth: number): fc.Arbitrary<Kind> => {
  const scalar = fc.constantFrom(...SCALARS);
  if (depth === 0) return scalar;
  const inner = kind(depth - 1);
  const list = inner.map(({ schema, answer }): Kind => {
    return { schema: { type: 'array', items: schema }, answer: fc.array(answer, { maxLength: 3 }) };
  });
  const map = inner.map(({ schema, answer }): Kind => {
    const answers = fc.dictionary(text, answer, { maxKeys: 3, noNullPrototype: true });
    return { schema: { type: 'object', additionalProperties: schema }, answer: answers };
  });
  const struct = fc.dictionary(name, inner, { maxKeys: 3, noNullPrototype: true }).map((fields): Kind => {
    const each = Object.entries(fields);
    const properties = Object.fromEntries(each.map(([key, { schema }]) => [key, schema]));
    const answers = Object.fromEntries(each.map(([key, { answer }]) => [key, answer]));
    const answer = fc.record(answers, { requiredKeys: [], noNullPrototype: true });
    return { schema: { type: 'object', properties, additionalProperties: false }, answer };
  });
  const nullable = inner.map(({ schema, answer }): Kind => {
    const either = { anyOf: [schema, { type: 'null' }] };
    return { schema: either, answer: fc.oneof(answer, fc.constant(null)) };
  });
  const union = fc.tuple(inner, inner).map(([left, right]): Kind => {
    const either = { anyOf: [left.schema, right.schema] };
    return { schema: either, answer: fc.oneof(left.answer, right.answer) };
  });
  // Without a type the other words bind only what they are about: all else obeys too.
  const untyped = fc.oneof(list, struct, map).map(({ schema: { type: _, ...schema }, answer }): Kind => {
    return { schema, answer: fc.oneof(answer, text, integer, fc.boolean()) };
  });
  return fc.oneof(scalar, list, map, struct, nullable, union, untyped);
};

/** What JSON does not tell apart here: a key that is not there and one of null, 0 and -0. */
const bare = (value: unknown): unknown => {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === null ? [] : [[key, bare(each)]])),
  );
};

it('reads every answer that obeys a schema into its type, and nothing else of it', async () => {
  const cases = kind(2).chain(({ schema, answer }) =>
    fc.tuple(fc.constant(schema), fc.array(answer, { minLength: 1, maxLength: 4 })),
  );
  await withConnection((connection) =>
    fc.assert(
      fc.asyncProperty(cases, async ([schema, answers]) => {
        const compiled = compileSchema(schema);
        if (!compiled.isValid) throw new Error('the schema is none');
        const { type } = typeAnswer(schema);
        const typed = renderAnswerValue(type, 'CAST(answer AS JSON)');
        const rows = answers.map((each, row) => `(${row}, ${quoteText(JSON.stringify(each))})`).join(', ');
        const sql = `SELECT to_json(${typed})::VARCHAR FROM (VALUES ${rows}) t(n, answer) ORDER BY n`;
        const found = (await connection.runAndReadAll(sql)).getRows().map(([value]) => value);
        for (const [row, each] of answers.entries()) {
          expect(compiled.validate(each), JSON.stringify([schema, each])).toBe(true);
          expect(bare(JSON.parse(String(found[row] ?? 'null')))).toEqual(
            bare(JSON.parse(JSON.stringify(each))),
          );
        }
      }),
      announceSeed('typed answers', 150),
    ),
  );
});
