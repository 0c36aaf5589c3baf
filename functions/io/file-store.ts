/**
 * The store on files keeps the promises of S3: a temporary file, fsync, a link to its name, fsync of the folder.
 * A bare O_EXCL on the final name would let a crash leave an empty commit.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { StoreError } from '../contract/errors-store.ts';
import {
  absentAsUndefined,
  asStoreError,
  errorCode,
  type FileOperations,
  linkOrCopy,
  nodeFiles,
} from './file-operations.ts';
import { hashFile } from './hash-file.ts';
import { folderOfPrefix, walkFolders, walkObjects } from './list-files.ts';
import type { ObjectFacts, ObjectStore } from './object-store.ts';
import { requireFolder, requireKey, requirePrefix } from './store-key.ts';

/** Beside the objects; no key begins with a dot, so no listing shows it. */
const STAGING = '.staging';
/** No write of ours takes a day; a temporary file older than that was left by a death. */
const LEFTOVER_MS = 24 * 60 * 60 * 1000;
/** A folder can vanish between its making and the link only when a sweep empties it at that moment. */
const MAX_FOLDER_TRIES = 10;

/** Opens, and creates where needed, the store whose objects are the files under `root`. */
export const openFileStore = async (
  root: string,
  files: FileOperations = nodeFiles,
): Promise<ObjectStore> => {
  const base = await openRoot(resolve(root), files);
  // Folders whose names this process has brought to the disk, up to the root.
  const syncedFolders = new Set<string>([base]);
  const pathOf = (key: string): string => join(base, requireKey(key));
  const stagingPath = (): string => join(base, STAGING, randomUUID());

  /** Refuses a folder that is, or is reached by, a link. False where the folder is not there. */
  const checkFolder = async (folder: string, operation: string, key: string): Promise<boolean> => {
    let there = folder;
    let real = await files.realPath(there);
    while (real === undefined && there !== base) {
      there = dirname(there);
      real = await files.realPath(there);
    }
    if (real !== undefined && real !== there) {
      throw new StoreError({ operation, key, reason: `the folder ${there} is a link to ${real}` });
    }
    return real !== undefined && there === folder;
  };

  const syncFolders = async (folder: string): Promise<void> => {
    await files.syncFolder(folder);
    for (let each = folder; !syncedFolders.has(each); each = dirname(each)) {
      await files.syncFolder(dirname(each));
      syncedFolders.add(each);
    }
  };

  /** Runs `place` with the object's folder there, whatever others remove at the time. */
  const inFolder = async (
    key: string,
    operation: string,
    place: (path: string) => Promise<void>,
  ): Promise<void> => {
    const path = pathOf(key);
    const folder = dirname(path);
    for (let attempt = 1; ; attempt += 1) {
      if (!(await checkFolder(folder, operation, key))) {
        syncedFolders.delete(folder);
        await files.makeFolder(folder);
        await checkFolder(folder, operation, key);
      }
      try {
        return await place(path);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT' || attempt === MAX_FOLDER_TRIES) throw error;
      }
    }
  };

  const write = async (
    facts: { readonly key: string; readonly operation: string },
    stage: (staged: string) => Promise<void>,
    place: (staged: string, path: string) => Promise<void>,
  ): Promise<void> => {
    const staged = stagingPath();
    // Until the name is taken a failure is known to have left nothing.
    let isPlaced = false;
    try {
      try {
        await stage(staged);
        await inFolder(facts.key, facts.operation, async (path) => {
          await place(staged, path);
          isPlaced = true;
        });
        await syncFolders(dirname(pathOf(facts.key)));
      } finally {
        await files.remove(staged);
      }
    } catch (error) {
      throw asStoreError(error, { ...facts, isUnknown: isPlaced });
    }
  };

  const readRange = async (
    key: string,
    offset: number,
    lengthBytes: number,
  ): Promise<Uint8Array | undefined> => {
    const handle = await absentAsUndefined(open(pathOf(key), constants.O_RDONLY | constants.O_NOFOLLOW));
    if (handle === undefined) return undefined;
    try {
      const end = Math.min(offset + lengthBytes, (await handle.stat()).size);
      const bytes = Buffer.allocUnsafe(Math.max(0, end - offset));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await handle.close();
    }
  };

  const reading = async <Result>(
    operation: string,
    key: string,
    read: (path: string) => Promise<Result | undefined>,
  ): Promise<Result | undefined> => {
    const path = pathOf(key);
    try {
      return (await checkFolder(dirname(path), operation, key)) ? await read(path) : undefined;
    } catch (error) {
      // A folder is no object, as on S3 the beginning of a key is none.
      if (errorCode(error) === 'EISDIR') return undefined;
      throw asStoreError(error, { operation, key });
    }
  };

  const factsOf = async (key: string): Promise<ObjectFacts | undefined> => {
    const facts = await files.stat(pathOf(key));
    if (facts === undefined || facts.kind === 'folder') return undefined;
    if (facts.kind === 'other')
      throw new StoreError({ operation: 'read', key, reason: 'it is no plain file' });
    return { key, sizeBytes: facts.sizeBytes, modifiedAt: new Date(facts.modifiedMs).toISOString() };
  };

  async function* list(prefix: string): AsyncGenerator<ObjectFacts> {
    requirePrefix(prefix);
    try {
      if (!(await checkFolder(resolve(base, folderOfPrefix(prefix)), 'list', prefix))) return;
      for await (const key of walkObjects(base, prefix)) {
        const facts = await factsOf(key);
        if (facts !== undefined) yield facts;
      }
    } catch (error) {
      throw asStoreError(error, { operation: 'list', key: prefix });
    }
  }

  async function* listFolders(prefix: string): AsyncGenerator<string> {
    requireFolder(prefix);
    try {
      if (await checkFolder(resolve(base, prefix), 'list', prefix)) yield* walkFolders(base, prefix);
    } catch (error) {
      throw asStoreError(error, { operation: 'list', key: prefix });
    }
  }

  const remove = async (key: string): Promise<void> => {
    await reading('delete', key, (path) => absentAsUndefined(unlink(path)));
  };

  const store: ObjectStore = {
    get: (key) => reading('read', key, files.read),
    getRange: (key, offset, lengthBytes) => reading('read', key, () => readRange(key, offset, lengthBytes)),
    head: (key) => reading('read', key, () => factsOf(key)),
    put: (key, bytes) =>
      write({ key, operation: 'put' }, (staged) => files.writeSynced(staged, bytes), files.rename),
    putIfAbsent: async (key, bytes) => {
      let result: 'created' | 'exists' = 'created';
      await write(
        { key, operation: 'put' },
        (staged) => files.writeSynced(staged, bytes),
        async (staged, path) => {
          try {
            await files.link(staged, path);
          } catch (error) {
            if (errorCode(error) !== 'EEXIST') throw error;
            // The folder is brought to the disk here too: the other writer may not have come so far.
            result = 'exists';
          }
        },
      );
      return result;
    },
    putFile: (key, path) =>
      write(
        { key, operation: 'put' },
        (staged) => linkOrCopy(files, path, staged),
        (staged, target) => files.rename(staged, target),
      ),
    sums: (key) => reading('read', key, (path) => absentAsUndefined(hashFile(path))),
    list,
    listFolders,
    delete: remove,
    deleteIfSame: async (key, bytes) => {
      const found = await reading('read', key, files.read);
      if (found === undefined || Buffer.compare(found, bytes) !== 0) return false;
      await remove(key);
      return true;
    },
    deletePrefix: async (prefix) => {
      if (prefix === '') throw new Error('a prefix to delete is empty');
      const folders = new Set<string>();
      for await (const { key } of list(prefix)) {
        await remove(key);
        folders.add(dirname(pathOf(key)));
      }
      if (prefix.endsWith('/')) await removeEmptyBelow(files, pathOf(prefix.slice(0, -1)));
      // Others may be filling a folder at the time: it stays then, and so do those above it.
      for (const folder of folders) {
        for (let each = folder; each !== base; each = dirname(each)) await files.removeEmptyFolder(each);
      }
    },
    localPath: pathOf,
  };
  return store;
};

/** Objects that were deleted one by one left their folders behind. */
const removeEmptyBelow = async (files: FileOperations, folder: string): Promise<void> => {
  if ((await files.stat(folder))?.kind !== 'folder') return;
  for (const name of (await absentAsUndefined(files.names(folder))) ?? [])
    await removeEmptyBelow(files, join(folder, name));
  await files.removeEmptyFolder(folder);
};

const openRoot = async (root: string, files: FileOperations): Promise<string> => {
  try {
    const isNew = (await files.stat(root)) === undefined;
    await files.makeFolder(join(root, STAGING));
    if (isNew) await files.syncFolder(dirname(root));
    // The root itself may be reached by a link, as a home or a temporary folder often is; nothing below it may.
    const base = (await files.realPath(root)) ?? root;
    await sweepLeftovers(join(base, STAGING), files);
    return base;
  } catch (error) {
    throw asStoreError(error, { operation: 'open', key: root });
  }
};

const sweepLeftovers = async (staging: string, files: FileOperations): Promise<void> => {
  for (const name of await files.names(staging)) {
    const facts = await files.stat(join(staging, name));
    if (facts !== undefined && Date.now() - facts.modifiedMs > LEFTOVER_MS)
      await files.remove(join(staging, name));
  }
};
