import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../functions/contract/errors-infer.ts';
import { findModel } from '../../../functions/io/models/find-model.ts';
import { announceSeed } from '../../oracle/grammar.ts';
import { withFolder } from '../open-input.ts';
import { CHAT_MODEL, writeModel } from './model-folder.ts';

type Tree = {
  readonly root: string;
  readonly find: (
    model: string,
    environment?: Readonly<Record<string, string>>,
  ) => ReturnType<typeof findModel>;
};

/** A folder with a spec's folder, prepared models and a cache of the hub in it. */
const withTree = <T>(use: (tree: Tree) => Promise<T>): Promise<T> =>
  withFolder(async (root) => {
    const places = { baseDir: path.join(root, 'job'), modelsDir: path.join(root, 'models') };
    await mkdir(places.baseDir);
    await mkdir(places.modelsDir);
    return use({
      root,
      find: (model, environment = { HF_HOME: path.join(root, 'hf') }) =>
        findModel(model, { ...places, environment }),
    });
  });

const REVISION = '0123456789abcdef0123456789abcdef01234567';

const cacheModel = async (root: string, folder: string): Promise<string> => {
  const repository = path.join(root, folder);
  await mkdir(path.join(repository, 'refs'), { recursive: true });
  await writeFile(path.join(repository, 'refs/main'), REVISION);
  await writeModel(path.join(repository, 'snapshots', REVISION), CHAT_MODEL);
  return path.join(repository, 'snapshots', REVISION);
};

describe('findModel', () => {
  it('takes a path for a folder, relative to the spec', () =>
    withTree(async ({ root, find }) => {
      await writeModel(path.join(root, 'job/tuned'), CHAT_MODEL);
      const folder = path.join(root, 'job/tuned');
      for (const model of ['./tuned', '../job/tuned', 'tuned', folder])
        expect(await find(model)).toEqual({ kind: 'folder', folder });
    }));

  it('takes a name for a prepared model, then for one in the cache of the hub with its revision', () =>
    withTree(async ({ root, find }) => {
      await writeModel(path.join(root, 'models/small'), CHAT_MODEL);
      expect(await find('small')).toEqual({ kind: 'folder', folder: path.join(root, 'models/small') });
      const folder = await cacheModel(root, 'hf/hub/models--org--model');
      expect(await find('org/model')).toEqual({ kind: 'folder', folder, revision: REVISION });
    }));

  it('finds the cache of the hub where its own library does', () =>
    withTree(async ({ root, find }) => {
      const folder = await cacheModel(root, 'elsewhere/models--org--model');
      const found = await find('org/model', {
        HF_HUB_CACHE: path.join(root, 'elsewhere'),
        HF_HOME: '/nowhere',
      });
      expect(found).toEqual({ kind: 'folder', folder, revision: REVISION });
    }));

  it('leaves a name of two parts that is nowhere here to the hub', () =>
    withTree(async ({ find }) => {
      expect(await find('org/model')).toEqual({ kind: 'hub', name: 'org/model' });
    }));

  it('takes an s3:// address as it is', () =>
    withTree(async ({ find }) => {
      expect(await find('s3://bucket/models/x/')).toEqual({ kind: 's3', uri: 's3://bucket/models/x/' });
    }));

  it('rejects a name of one part that is nowhere here, and names the prepared models', () =>
    withTree(async ({ root, find }) => {
      await writeModel(path.join(root, 'models/small-chat'), CHAT_MODEL);
      await writeModel(path.join(root, 'models/.small-chat-0123'), CHAT_MODEL);
      await expect(find('smal-chat')).rejects.toThrow(
        /^the model "smal-chat" is not known: prepared here are small-chat, .* Did you mean "small-chat"\?$/,
      );
    }));

  it('rejects a folder that is not there, and says where it looked', () =>
    withTree(async ({ root, find }) => {
      await expect(find('./tunde')).rejects.toThrow(path.join(root, 'job/tunde'));
      await writeFile(path.join(root, 'job/file'), '');
      await expect(find('./file')).rejects.toThrow(/is no folder/);
    }));

  it('never looks outside of the folders of models for what is no path', () =>
    withTree(async ({ root, find }) => {
      await writeModel(path.join(root, 'secret'), CHAT_MODEL);
      const part = fc.constantFrom('..', '.', 'secret', '~', 'a', '', '\u0000', '%2e%2e');
      await fc.assert(
        fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
          const model = parts.join('/');
          const outcome = await find(model).catch((error: Error) => error);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ModelError);
          // A path may lead anywhere its writer can read; what it means is then the folder itself.
          else if ('folder' in outcome) expect(outcome.folder).toBe(path.resolve(root, 'job', model));
          else expect(outcome).toEqual({ kind: 'hub', name: model });
        }),
        announceSeed('names of models', 300),
      );
      await expect(find('a/../secret')).rejects.toThrow(ModelError);
      await expect(find('secret\u0007')).rejects.toThrow(/control character/);
    }));
});
