/** Writes what is generated from the contract: docs/spec.schema.json, docs/spec.md, docs/aggregates.md, and what Python reads. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { JobSpec } from '../functions/contract/spec.ts';
import { Expression } from '../functions/contract/spec-values.ts';
import { renderAggregatesPage } from './aggregates-page.ts';
import { renderSpecPage, type SchemaNode } from './spec-page.ts';
import { renderWorkerContract } from './worker-contract.ts';

/** The JSON Schema of a spec as it is written: defaults may be left out, and a number is an expression. */
export const specJsonSchema = (): SchemaNode =>
  z.toJSONSchema(JobSpec, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if ((zodSchema as unknown) === Expression)
        jsonSchema.type = ['string', 'number', 'boolean'] as unknown as 'string';
    },
  }) as SchemaNode;

/** The generated files, by their path from the root. */
export const renderContract = (): Readonly<Record<string, string>> => {
  const schema = specJsonSchema();
  return {
    'docs/spec.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
    'docs/spec.md': renderSpecPage(schema),
    'docs/aggregates.md': renderAggregatesPage(),
    'gpu-image/daybreak_worker/contract.json': renderWorkerContract(),
  };
};

if (import.meta.main) {
  const root = path.resolve(import.meta.dirname, '..');
  for (const [file, text] of Object.entries(renderContract())) writeFileSync(path.join(root, file), text);
}
