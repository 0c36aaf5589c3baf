import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { SQL_FUNCTIONS } from '../../functions/contract/sql-functions.ts';
import { STEP_NAMES } from '../../functions/contract/steps.ts';
import { parseSpec } from '../../functions/io/spec/parse-spec.ts';
import { renderContract, specJsonSchema } from '../../scripts/export-contract.ts';
import { EXAMPLE_SPEC, type SchemaNode } from '../../scripts/spec-page.ts';

const root = path.resolve(import.meta.dirname, '../..');
const contract = renderContract();

/** Every schema inside a schema, with its place. */
const walk = (node: unknown, place: string): readonly (readonly [string, SchemaNode])[] => {
  if (typeof node !== 'object' || node === null) return [];
  const inner = Object.entries(node).flatMap(([key, value]) => walk(value, `${place}/${key}`));
  return [[place, node as SchemaNode], ...inner];
};

describe('the exported contract', () => {
  it.each(Object.keys(contract))('has the committed bytes of %s (npm run contract writes them)', (file) => {
    expect(readFileSync(path.join(root, file), 'utf8')).toBe(contract[file]);
  });

  it('describes every field', () => {
    const schema = specJsonSchema();
    const fields = walk(schema, '').filter(
      ([place]) => /\/properties\/[^/]+$/.test(place) && !/\/Step\/anyOf\//.test(place),
    );
    const isDescribed = ({ description, $ref }: SchemaNode) =>
      description !== undefined ||
      schema.$defs?.[$ref?.replace('#/$defs/', '') ?? '']?.description !== undefined;
    expect(fields.length).toBeGreaterThan(60);
    expect(fields.filter(([, node]) => !isDescribed(node)).map(([place]) => place)).toEqual([]);
  });

  it('is a JSON Schema that takes the example and refuses a misspelt step', () => {
    const schema = z.fromJSONSchema(specJsonSchema() as z.core.JSONSchema.JSONSchema);
    const spec = {
      name: 'a',
      input: { uri: 'x' },
      output: { uri: 'o' },
      steps: [{ extend: { one: 1, flag: true } }],
    };
    expect(schema.safeParse(spec).success).toBe(true);
    expect(schema.safeParse({ ...spec, steps: [{ extnd: { one: 1 } }] }).success).toBe(false);
    expect(schema.safeParse({ ...spec, nme: 'a' }).success).toBe(false);
  });

  it('shows an example that parses', () => {
    expect(parseSpec(EXAMPLE_SPEC, { file: 'docs/spec.md' }).steps).toHaveLength(4);
  });

  it('names every step and every function on the page', () => {
    const page = contract['docs/spec.md'] ?? '';
    const missing = [...STEP_NAMES, ...SQL_FUNCTIONS.keys()].filter((name) => !page.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });
});
