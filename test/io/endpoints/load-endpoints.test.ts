import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadEndpoints } from '../../../functions/io/endpoints/load-endpoints.ts';
import type { EndpointSettings } from '../../../functions/io/endpoints/settings.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'daybreak-endpoints-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const KEY = 'sk-a-key-that-nobody-may-see';
const putFile = (text: string, name = 'daybreak.endpoints.yaml'): Promise<void> =>
  writeFile(path.join(folder, name), text);

const settingsOf = async (
  name: string,
  environment: Readonly<Record<string, string>> = {},
  from = folder,
): Promise<EndpointSettings> => (await loadEndpoints({ environment, folder: from })).settingsOf(name);

describe('settings of an endpoint', () => {
  it('come from the environment alone', async () => {
    const settings = await settingsOf('my-server', {
      DAYBREAK_ENDPOINT_MY_SERVER_URL: 'http://localhost:8000/v1/',
      DAYBREAK_ENDPOINT_MY_SERVER_KIND: 'vllm',
      DAYBREAK_ENDPOINT_MY_SERVER_KEY: ` ${KEY}\n`,
      DAYBREAK_ENDPOINT_MY_SERVER_MODELS: 'small, large',
      DAYBREAK_ENDPOINT_MY_SERVER_CONCURRENCY: '32',
      DAYBREAK_ENDPOINT_MY_SERVER_PRICE_IN: '0.15',
      DAYBREAK_ENDPOINT_MY_SERVER_TIMEOUT: '2m',
      DAYBREAK_ENDPOINT_MY_SERVER_SEED: 'false',
      DAYBREAK_ENDPOINT_EMPTY_URL: '',
    });
    expect(settings).toMatchObject({
      name: 'my-server',
      url: 'http://localhost:8000/v1',
      kind: 'vllm',
      models: ['small', 'large'],
      concurrency: 32,
      price: { inUsd: 0.15, outUsd: 0 },
      timeoutSeconds: 120,
      sendsSeed: false,
      maxTokensField: 'max_tokens',
    });
    expect(settings.key?.reveal()).toBe(KEY);
  });

  it('come from the nearest file above the folder of the spec', async () => {
    await putFile('endpoints:\n  a: { url: "http://localhost:1/v1" }\n');
    const inner = path.join(folder, 'jobs/today');
    await mkdir(inner, { recursive: true });
    expect((await settingsOf('a', {}, inner)).url).toBe('http://localhost:1/v1');
    await writeFile(
      path.join(folder, 'jobs/daybreak.endpoints.yaml'),
      'endpoints:\n  b: { url: "http://localhost:2/v1" }\n',
    );
    const nearer = await loadEndpoints({ environment: {}, folder: inner });
    expect(nearer.names).toEqual(['b']);
  });

  it('come from the file that the environment names, and from no other', async () => {
    await putFile('endpoints:\n  a: { url: "http://localhost:1/v1" }\n');
    await putFile('endpoints:\n  b: { url: "http://localhost:2/v1" }\n', 'other.yaml');
    const environment = { DAYBREAK_ENDPOINTS_FILE: 'other.yaml' };
    expect((await loadEndpoints({ environment, folder })).names).toEqual(['b']);
  });

  it('of the environment stand before those of the file, field by field', async () => {
    await putFile('endpoints:\n  a: { url: "http://localhost:1/v1", concurrency: 3, kind: ollama }\n');
    const settings = await settingsOf('a', { DAYBREAK_ENDPOINT_A_CONCURRENCY: '9' });
    expect(settings).toMatchObject({ url: 'http://localhost:1/v1', concurrency: 9, kind: 'ollama' });
  });

  it('have the name of the limit that OpenAI wants, at its address', async () => {
    const environment = { DAYBREAK_ENDPOINT_A_URL: 'https://api.openai.com/v1' };
    expect((await settingsOf('a', environment)).maxTokensField).toBe('max_completion_tokens');
  });
});

describe('the key of an endpoint', () => {
  it('comes from the variable that the file names', async () => {
    await putFile('endpoints:\n  a: { url: "https://api.openai.com/v1", key_env: OPENAI_API_KEY }\n');
    const settings = await settingsOf('a', { OPENAI_API_KEY: KEY });
    expect(settings.key?.reveal()).toBe(KEY);
    expect(settings.keyPlace).toBe('OPENAI_API_KEY');
  });

  it('has its place also where there is none', async () => {
    const settings = await settingsOf('my-a', { DAYBREAK_ENDPOINT_MY_A_URL: 'https://x.example/v1' });
    expect(settings).toMatchObject({ keyPlace: 'DAYBREAK_ENDPOINT_MY_A_KEY' });
    expect(settings.key).toBeUndefined();
  });

  it('comes from a file beside the one that names it', async () => {
    await putFile('endpoints:\n  a: { url: "https://api.openai.com/v1", key_file: key.txt }\n');
    await putFile(`${KEY}\n`, 'key.txt');
    const inner = path.join(folder, 'jobs');
    await mkdir(inner);
    expect((await settingsOf('a', {}, inner)).key?.reveal()).toBe(KEY);
  });

  it('is shown by nothing that prints, and stands in no JSON', async () => {
    const settings = await settingsOf('a', {
      DAYBREAK_ENDPOINT_A_URL: 'https://api.openai.com/v1',
      DAYBREAK_ENDPOINT_A_KEY: KEY,
    });
    for (const shown of [
      inspect(settings, { depth: null, showHidden: true, getters: true }),
      JSON.stringify(settings),
      `${settings.key}`,
      String(settings.key),
      JSON.stringify(Object.entries(settings.key ?? {})),
    ])
      expect(shown).not.toContain(KEY);
  });

  it.each([
    ['in the file itself', `endpoints:\n  a: { url: "https://x.example/v1", key: ${KEY} }\n`, {}],
    ['in the place of a variable', `endpoints:\n  a: { url: "https://x.example/v1", key_env: ${KEY} }\n`, {}],
    ['in the place of a file', `endpoints:\n  a: { url: "https://x.example/v1", key_file: ${KEY} }\n`, {}],
    ['in the address', `endpoints:\n  a: { url: "https://x:${KEY}@x.example/v1" }\n`, {}],
    ['in the question of an address', `endpoints:\n  a: { url: "https://x.example/v1?k=${KEY}" }\n`, {}],
    ['as the whole endpoint', `endpoints:\n  a: ${KEY}\n`, {}],
    ['as all endpoints', `endpoints: ${KEY}\n`, {}],
    ['in YAML that is broken', `endpoints:\n  a: { url: [, key: ${KEY}\n`, {}],
    [
      'with a character that no header has',
      undefined,
      { DAYBREAK_ENDPOINT_A_URL: 'https://x.example/v1', DAYBREAK_ENDPOINT_A_KEY: `${KEY}\u00e9` },
    ],
    ['in a variable that is none', undefined, { DAYBREAK_ENDPOINT_A_SECRET: KEY }],
    ['in the variable of the address', undefined, { DAYBREAK_ENDPOINT_A_URL: KEY }],
  ])('is in no message about it: %s', async (_, file, environment) => {
    if (file !== undefined) await putFile(file);
    const failing = settingsOf('a', environment as Record<string, string>);
    const error: unknown = await failing.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      name: 'EndpointSettingsError',
      problems: expect.arrayContaining([
        expect.objectContaining({ message: expect.stringMatching(/[a-z]{3} [a-z ]+/) }),
      ]),
    });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(KEY);
  });
});

describe('settings that cannot be used', () => {
  it('are refused all together, each with its place', async () => {
    await putFile('endpoints:\n  a:\n    url: "http://10.0.0.1/v1"\n    key_file: nowhere.txt\n');
    await expect(settingsOf('a')).rejects.toMatchObject({
      name: 'EndpointSettingsError',
      message: expect.stringMatching(/2 problems.*daybreak\.endpoints\.yaml:3:10.*private address.*ENOENT/s),
    });
  });

  it('name the field that is meant', async () => {
    await putFile('endpoints:\n  a: { url: "http://localhost/v1", concurency: 3 }\n');
    await expect(settingsOf('a')).rejects.toThrow(/concurency.*concurrency/s);
    await expect(
      loadEndpoints({ environment: { DAYBREAK_ENDPOINT_A_CONCURENCY: '3' }, folder: path.join(folder, 'x') }),
    ).rejects.toThrow(/DAYBREAK_ENDPOINT_A_CONCURENCY.*CONCURRENCY/s);
  });

  it('are refused where they wait for longer than timers can', async () => {
    await putFile('endpoints:\n  a: { url: "http://localhost/v1", timeout: 30d, give_up_after: 25h }\n');
    await expect(settingsOf('a')).rejects.toThrow(/2 problems.*30d; at most 1d.*25h; at most 1d/s);
    await putFile('endpoints:\n  a: { url: "http://localhost/v1", timeout: 1d }\n');
    expect((await settingsOf('a')).timeoutSeconds).toBe(86_400);
  });

  it('of one endpoint do not matter to another', async () => {
    await putFile('endpoints:\n  bad: { url: 7 }\n  good: { url: "http://localhost/v1" }\n');
    expect((await settingsOf('good')).url).toBe('http://localhost/v1');
    await expect(settingsOf('bad')).rejects.toMatchObject({ name: 'EndpointSettingsError' });
  });

  it('of none with the name are missing by name, with those that there are', async () => {
    await putFile('endpoints:\n  vendor: { url: "http://localhost/v1" }\n');
    await expect(settingsOf('vendr')).rejects.toMatchObject({
      name: 'EngineMissingError',
      message: expect.stringMatching(/the endpoints that are set up are.*vendor.*Did you mean "vendor"/),
    });
  });

  it.each(['auto', 'vllm', 'A', '-a', 'toString', '__proto__'])(
    'are refused under the name %s',
    async (name) => {
      await putFile(`endpoints:\n  ${name}: { url: "http://localhost/v1" }\n`);
      await expect(loadEndpoints({ environment: {}, folder })).rejects.toMatchObject({
        name: 'EndpointSettingsError',
      });
    },
  );

  it('are refused where every user may write to the file', async () => {
    await putFile('endpoints:\n  a: { url: "http://localhost/v1" }\n');
    await chmod(path.join(folder, 'daybreak.endpoints.yaml'), 0o666);
    await expect(loadEndpoints({ environment: {}, folder })).rejects.toThrow(/written to by every user/);
  });
});
