import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findKeyVariables } from '../../../functions/io/endpoints/find-key-variables.ts';
import { withoutEndpointVariables } from '../../../functions/io/endpoints/without-endpoint-variables.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'daybreak-endpoints-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const environment = {
  PATH: '/bin',
  DAYBREAK_ENDPOINT_B_URL: 'https://b.example/v1',
  DAYBREAK_ENDPOINT_B_KEY_ENV: 'B_KEY',
  B_KEY: 'sk-b',
  OPENAI_API_KEY: 'sk-a',
};
const FILE = 'daybreak.endpoints.yaml';

it('finds what the environment and the file name, whatever else is wrong with an endpoint', async () => {
  const text = 'endpoints:\n  a: { url: 1, key_env: OPENAI_API_KEY }\n  c: { url: "https://c.example/v1" }\n';
  await writeFile(path.join(folder, FILE), text);
  const names = await findKeyVariables({ environment, folder });
  expect(names).toEqual(['B_KEY', 'OPENAI_API_KEY']);
  expect(withoutEndpointVariables(environment, names)).toEqual({ PATH: '/bin' });
});

it.each([
  [
    'a variable that is misspelt',
    'endpoints: { a: { key_env: OPENAI_API_KEY } }',
    { DAYBREAK_ENDPOINT_B_KEYY: 'x' },
  ],
  ['a field beside the endpoints', 'version: 1\nendpoints:\n  a:\n    "key_env": "OPENAI_API_KEY"\n', {}],
  ['a text that is no YAML', 'endpoints:\n  a: { key_env: OPENAI_API_KEY\n', {}],
])('keeps a key from others in spite of %s', async (_, text, more) => {
  await writeFile(path.join(folder, FILE), text);
  expect(await findKeyVariables({ environment: { ...environment, ...more }, folder })).toEqual([
    'B_KEY',
    'OPENAI_API_KEY',
  ]);
});

it('ends no job for a file that cannot be read', async () => {
  await writeFile(path.join(folder, FILE), 'endpoints: [');
  expect(await findKeyVariables({ environment, folder })).toEqual(['B_KEY']);
});
