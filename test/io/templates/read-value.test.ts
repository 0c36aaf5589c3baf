import { type DuckDBValue, listValue, mapValue, structValue } from '@duckdb/node-api';
import { expect, it } from 'vitest';
import { parseDuckDBType } from '../../../functions/io/arrow/type-text.ts';
import { createTemplateReader } from '../../../functions/io/templates/read-value.ts';
import { createRequestRenderer } from '../../../functions/io/templates/render-request.ts';

/** The prompt that a template gives for a value `t` of a type. */
const render = (prompt: string, type: string, value: DuckDBValue): unknown => {
  const step = { prompts: { prompt }, input: [{ name: 't', type }], uses: ['t'], task: 'generate' as const };
  const rendered = createRequestRenderer(step)([createTemplateReader(parseDuckDBType(type))(value)]);
  return rendered.cause === undefined ? JSON.parse(rendered.text).prompt : rendered.message;
};

const STRUCT = 'STRUCT(a INTEGER, "toString" VARCHAR)';
const struct = structValue({ a: 1, toString: 'x' });

it.each([
  ['{{ t }}', STRUCT, struct, '{"a":1,"toString":"x"}'],
  ['{{ t | append: "!" }}', STRUCT, struct, '{"a":1,"toString":"x"}!'],
  ['{{ t | upcase }}', STRUCT, struct, '{"A":1,"TOSTRING":"X"}'],
  [
    '{{ t | join: "; " }}',
    `${STRUCT}[]`,
    listValue([struct, struct]),
    Array(2).fill('{"a":1,"toString":"x"}').join('; '),
  ],
  [
    '{{ t | append: "" }}',
    'MAP(VARCHAR, INTEGER)',
    mapValue([{ key: '__proto__', value: 2 }]),
    '{"__proto__":2}',
  ],
  ['{% for each in t %}{{ each[0] }}={{ each[1] }} {% endfor %}', STRUCT, struct, 'a=1 toString=x '],
])('gives a template no other text of a struct than its JSON: %s', (prompt, type, value, expected) => {
  expect(render(prompt, type, value)).toBe(expected);
});
