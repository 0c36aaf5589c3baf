import { createHash } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../functions/contract/errors-infer.ts';
import { InputAccessError } from '../../../functions/contract/errors-input.ts';
import { openLocalModel, openRemoteModel } from '../../../functions/io/models/model-files.ts';
import { readModel } from '../../../functions/io/models/read-model.ts';
import { withFolder } from '../open-input.ts';
import { openRemoteFolder } from '../remote/remote-folder.ts';
import { CHAT_MODEL, EMBEDDING_MODEL, type ModelFolder, writeModel } from './model-folder.ts';

const read = async (folder: string) => readModel(await openLocalModel(folder, 'mine'), 'mine');

const readFiles = (files: ModelFolder) =>
  withFolder(async (folder) => {
    await writeModel(folder, files);
    return read(folder);
  });

const without = (files: ModelFolder, ...names: readonly string[]): ModelFolder =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));

describe('readModel', () => {
  it('reads a model that chats', async () => {
    const { facts, weightBytes, tokenizer } = await readFiles(CHAT_MODEL);
    expect(facts).toEqual({
      kind: 'generative',
      architecture: 'LlamaForCausalLM',
      hasChatTemplate: true,
      contextTokens: 2048,
      dimensions: undefined,
      dtype: 'bfloat16',
      sampling: { temperature: 0.6 },
    });
    expect(weightBytes).toBe(7);
    expect(tokenizer).toBeUndefined();
  });

  it('reads a model of sentence-transformers with its modules', async () => {
    const { facts } = await readFiles(EMBEDDING_MODEL);
    expect(facts).toMatchObject({
      kind: 'embedding',
      contextTokens: 256,
      dimensions: 128,
      hasChatTemplate: false,
    });
  });

  it.each<[string, ModelFolder]>([
    ['chat_template.jinja', { 'chat_template.jinja': 'A' }],
    ['chat_template.json', { 'chat_template.json': { chat_template: 'A' } }],
    ['the tokenizer', { 'tokenizer_config.json': { chat_template: 'A' } }],
    [
      'several, of which one is the default',
      {
        'tokenizer_config.json': {
          chat_template: [
            { name: 'rag', template: 'B' },
            { name: 'default', template: 'A' },
          ],
        },
      },
    ],
  ])('finds the chat template of %s', async (_, files) => {
    const plain = without(CHAT_MODEL, 'chat_template.jinja', 'tokenizer_config.json');
    expect((await readFiles(plain)).documents.chatTemplate).toBeUndefined();
    expect((await readFiles({ ...plain, ...files })).documents.chatTemplate).toBe('A');
  });

  it.each<[string, RegExp, ModelFolder]>([
    [
      'weights as a pickle',
      /pytorch_model\.bin/,
      { ...without(CHAT_MODEL, 'model.safetensors'), 'pytorch_model.bin': '' },
    ],
    [
      'a layer whose weights are a pickle',
      /2_Dense\/model\.safetensors/,
      { ...without(EMBEDDING_MODEL, '2_Dense/model.safetensors'), '2_Dense/pytorch_model.bin': '' },
    ],
    ['GGUF alone', /GGUF/, { 'model.Q4_1.gguf': '' }],
    ['no config.json', /has no config\.json/, without(CHAT_MODEL, 'config.json')],
    [
      'code of its own',
      /auto_map/,
      { ...CHAT_MODEL, 'config.json': { auto_map: { AutoModel: 'evil.Evil' } } },
    ],
    ['a broken config.json', /config\.json that is no JSON/, { ...CHAT_MODEL, 'config.json': '{' }],
    ['a list for a config.json', /no JSON object/, { ...CHAT_MODEL, 'config.json': [] }],
    [
      'a shard that is missing',
      /part-2\.safetensors/,
      { ...CHAT_MODEL, 'model.safetensors.index.json': { weight_map: { a: 'part-2.safetensors' } } },
    ],
  ])('rejects a model with %s, by its name', async (_, message, files) => {
    const outcome = await readFiles(files).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(ModelError);
    expect((outcome as Error).message).toMatch(message);
    expect((outcome as Error).message).toMatch(/^the model mine /);
  });

  it('rejects a folder of very many files, for it is none of a model', () =>
    withFolder(async (folder) => {
      await Promise.all(
        Array.from({ length: 2_001 }, (_, index) => writeFile(path.join(folder, `${index}`), '')),
      );
      await expect(read(folder)).rejects.toThrow(/more than 2000 files/);
    }));

  it('reads the same of a prefix in S3, and no more bytes of it than it needs', () =>
    withFolder(async (root) => {
      const large = Buffer.alloc(1_000_000, 'w');
      await writeModel(path.join(root, 'models/x'), { ...CHAT_MODEL, 'model.safetensors': large.toString() });
      await writeModel(path.join(root, 'models/xy'), EMBEDDING_MODEL);
      const local = await read(path.join(root, 'models/x'));
      const files = openRemoteFolder(root);
      const remote = await readModel(await openRemoteModel(files, 's3://bucket/models/x'), 'mine');
      // Of objects their ETags stand for their bytes.
      expect({ ...remote, fingerprint: local.fingerprint }).toEqual(local);
      expect(files.counts.bytes).toBeLessThan(140_000);
    }));

  it('says of a model in S3 what keeps it from being read, and calls it no input', async () => {
    const reason = 'cannot be listed: access is denied';
    const denied = () => Promise.reject(new InputAccessError({ path: 's3://bucket/x/', reason }));
    const files = {
      ...openRemoteFolder('/nowhere'),
      list: () => ({ [Symbol.asyncIterator]: () => ({ next: denied }) }),
    };
    await expect(openRemoteModel(files, 's3://bucket/x')).rejects.toMatchObject({
      name: 'ModelError',
      message: 'the model s3://bucket/x cannot be listed: access is denied',
    });
  });

  it('gives models that differ anywhere but in a README other fingerprints, and copies the same', () =>
    withFolder(async (root) => {
      const weights = createHash('shake256', { outputLength: 300_000 }).update('w').digest();
      const write = async (name: string, change: ModelFolder, last = 0, middle = 0): Promise<string> => {
        const folder = path.join(root, name);
        await writeModel(folder, { ...CHAT_MODEL, ...change });
        const bytes = Buffer.from(weights);
        bytes[bytes.length - 1] = last;
        bytes.fill(middle, 140_000, 160_000);
        await writeFile(path.join(folder, 'model.safetensors'), bytes);
        return (await read(folder)).fingerprint;
      };
      const first = await write('a', {});
      expect(await write('b', { 'README.md': 'a copy' })).toBe(first);
      expect(await write('c', { 'chat_template.jinja': 'other' })).not.toBe(first);
      expect(await write('d', { 'tokenizer.json': {} })).not.toBe(first);
      expect(await write('e', {}, 1)).not.toBe(first);
      expect(await write('f', {}, 0, 1)).not.toBe(first);
    }));

  it('follows links, of which the cache of the hub is made', () =>
    withFolder(async (root) => {
      await writeModel(path.join(root, 'blobs'), CHAT_MODEL);
      await mkdir(path.join(root, 'snapshot'));
      for (const name of Object.keys(CHAT_MODEL))
        await symlink(path.join(root, 'blobs', name), path.join(root, 'snapshot', name));
      expect((await read(path.join(root, 'snapshot'))).facts.kind).toBe('generative');
    }));
});
