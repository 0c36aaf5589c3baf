import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ModelError } from '../../contract/errors-infer.ts';
import { InputAccessError, InputNotFoundError } from '../../contract/errors-input.ts';
import { parseS3Uri, renderS3Uri } from '../../core/s3-uri.ts';
import { absentAsUndefined } from '../file-operations.ts';
import type { RemoteFile, RemoteFiles } from '../remote/remote-files.ts';

/** The files of a model, wherever they lie; names are relative, with slashes. */
export type ModelFiles = {
  /** Names and sizes, sorted; of folders one level deep, as sentence-transformers has them. */
  readonly files: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    /** Of an object in S3. */
    readonly etag?: string | undefined;
  }[];
  /** Bytes of a file that is listed. */
  readonly read: (
    name: string,
    range: { readonly offset: number; readonly length: number },
  ) => Promise<Uint8Array>;
};

/** A model has some dozen files, a large one some hundred shards; more is a folder of something else. */
const MOST_FILES = 2_000;

const byName = (left: { readonly name: string }, right: { readonly name: string }): number =>
  left.name < right.name ? -1 : 1;

const tooMany = (model: string): ModelError =>
  new ModelError({
    model,
    problem: `is a folder of more than ${MOST_FILES} files, so it is none of a model`,
  });

const namesBelow = async (folder: string, prefix: string): Promise<readonly string[]> => {
  const entries = await readdir(path.join(folder, prefix), { withFileTypes: true });
  const names: string[] = [];
  for (const entry of entries.slice(0, MOST_FILES + 1)) {
    if (entry.isDirectory()) {
      if (prefix === '') names.push(...(await namesBelow(folder, `${entry.name}/`)));
    } else names.push(`${prefix}${entry.name}`);
  }
  return names;
};

/** Opens a folder of this machine; links are followed, as caches of the hub are made of them. */
export const openLocalModel = async (folder: string, model: string): Promise<ModelFiles> => {
  const names = await namesBelow(folder, '');
  if (names.length > MOST_FILES) throw tooMany(model);
  const files: { readonly name: string; readonly sizeBytes: number }[] = [];
  for (const name of names) {
    const facts = await absentAsUndefined(stat(path.join(folder, name)));
    if (facts?.isFile() === true) files.push({ name, sizeBytes: facts.size });
  }
  return {
    files: files.sort(byName),
    read: async (name, { offset, length }) => {
      const handle = await open(path.join(folder, name));
      try {
        const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
  };
};

/** Opens a prefix in S3. Fails with ModelError, StoreError. */
export const openRemoteModel = async (files: RemoteFiles, uri: string): Promise<ModelFiles> => {
  const found = await listRemote(files, uri).catch(blameModel(uri));
  return {
    files: [...found].map(([name, { sizeBytes, etag }]) => ({ name, sizeBytes, etag })).sort(byName),
    read: async (name, { offset, length }) => {
      const file = found.get(name);
      if (file === undefined) throw new Error(`${name} was not listed`);
      const lengthBytes = Math.min(length, file.sizeBytes - offset);
      return files.read(file, { offset, lengthBytes }).catch(blameModel(uri));
    },
  };
};

const listRemote = async (files: RemoteFiles, uri: string): Promise<ReadonlyMap<string, RemoteFile>> => {
  const { bucket, key } = parseS3Uri(uri);
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
  const found = new Map<string, RemoteFile>();
  for await (const entry of files.list({ bucket, prefix, depth: 'all', atMost: MOST_FILES + 1 })) {
    if (entry.kind === 'folder') continue;
    const name = entry.key.slice(prefix.length);
    if (name === '' || name.split('/').length > 2) continue;
    found.set(name, {
      path: renderS3Uri({ bucket, key: entry.key }),
      sizeBytes: entry.sizeBytes,
      etag: entry.etag,
    });
  }
  if (found.size > MOST_FILES) throw tooMany(uri);
  return found;
};

/** What keeps files in S3 from being read is said of inputs elsewhere; here it is the model's. */
const blameModel =
  (model: string) =>
  (error: unknown): never => {
    if (error instanceof InputNotFoundError)
      throw new ModelError({ model, problem: `is not there: ${error.reason}` }, { cause: error });
    if (error instanceof InputAccessError)
      throw new ModelError({ model, problem: error.reason }, { cause: error });
    throw error;
  };
