import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { JobSpec } from '../functions/contract/spec.ts';

const folder = path.join(import.meta.dirname, '../examples');
const examples = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

it.each(examples)('has an example that is a valid spec: %s', (name) => {
  expect(JobSpec.parse(parse(readFileSync(path.join(folder, name), 'utf8'))).steps.length).toBeGreaterThan(0);
});
