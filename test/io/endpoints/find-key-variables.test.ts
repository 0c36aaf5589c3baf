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

it('ends no job for a file that cannot be read', async () => {
  await writeFile(path.join(folder, FILE), 'endpoints: [');
  expect(await findKeyVariables({ environment, folder })).toEqual(['B_KEY']);
});
