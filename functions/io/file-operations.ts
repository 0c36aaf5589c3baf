import { constants } from 'node:fs';
import {
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
} from 'node:fs/promises';
import { StoreError } from '../contract/errors-store.ts';

export type PathFacts = {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly device: number;
};

/**
 * The operations on files that the store and the output are made of, each atomic or repeatable, so that the
 * law can be proved by a death at every one of them. All but `stat`, `realPath` and `read` throw Node's errors.
 */
export type FileOperations = {
  /** Creates a new file with these bytes and brings them to the disk. */
  readonly writeSynced: (path: string, bytes: Uint8Array) => Promise<void>;
  readonly syncFile: (path: string) => Promise<void>;
  /** Brings the names in a folder to the disk. */
  readonly syncFolder: (path: string) => Promise<void>;
  readonly makeFolder: (path: string) => Promise<void>;
  readonly link: (from: string, to: string) => Promise<void>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly copy: (from: string, to: string) => Promise<void>;
  /** Removes a file or a whole folder; nothing there is no error. */
  readonly remove: (path: string) => Promise<void>;
  /** Removes a folder where it is empty; one that is not, or is not there, is left as it is. */
  readonly removeEmptyFolder: (path: string) => Promise<void>;
  readonly names: (path: string) => Promise<readonly string[]>;
  /** Undefined where nothing is; a link is neither file nor folder. */
  readonly stat: (path: string) => Promise<PathFacts | undefined>;
  /** The path without links; undefined where nothing is. */
  readonly realPath: (path: string) => Promise<string | undefined>;
  /** The bytes of a file, not through a link; undefined where nothing is. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
};

/** Node's code of a system error, for example `EEXIST`. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const isAbsence = (error: unknown): boolean => {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
};

/** The result, or undefined where there is no such path. */
export const absentAsUndefined = async <Result>(result: Promise<Result>): Promise<Result | undefined> => {
  try {
    return await result;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
};

/** Another device, a file system without hard links, a file with too many, or one that is not ours to link. */
const COPY_INSTEAD: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK']);

/** Gives a file a second, new name with its bytes on the disk: the same file, or where that cannot be a copy. */
export const linkOrCopy = async (files: FileOperations, from: string, to: string): Promise<void> => {
  await files.syncFile(from);
  try {
    await files.link(from, to);
  } catch (error) {
    if (!COPY_INSTEAD.has(errorCode(error) ?? '')) throw error;
    await files.copy(from, to);
    await files.syncFile(to);
  }
};

/** Turns a system error into a StoreError with its facts; leaves every other one as it is. */
export const asStoreError = (
  error: unknown,
  facts: { readonly operation: string; readonly key: string; readonly isUnknown?: boolean },
): unknown => {
  const code = errorCode(error);
  // What is no system error is a mistake of ours, or has its facts already.
  if (error instanceof StoreError || code === undefined) return error;
  const reason = REASONS[code] ?? (error as Error).message;
  return new StoreError({ ...facts, reason }, { cause: error });
};

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EACCES: 'permission is denied',
  EROFS: 'the disk is read-only',
  ELOOP: 'it is a link',
  EBUSY: 'it is in use, for example as the mount point of a disk',
};

const sync = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

export const nodeFiles: FileOperations = {
  writeSynced: async (path, bytes) => {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  syncFile: sync,
  syncFolder: sync,
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true });
  },
  link,
  rename,
  copy: (from, to) => copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
  remove: (path) => rm(path, { recursive: true, force: true }),
  removeEmptyFolder: async (path) => {
    try {
      await rmdir(path);
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
    }
  },
  names: (path) => readdir(path),
  stat: async (path) => {
    const facts = await absentAsUndefined(lstat(path));
    if (facts === undefined) return undefined;
    const kind = facts.isFile() ? 'file' : facts.isDirectory() ? 'folder' : 'other';
    return { kind, sizeBytes: facts.size, modifiedMs: facts.mtimeMs, device: facts.dev };
  },
  realPath: (path) => absentAsUndefined(realpath(path)),
  read: (path) => absentAsUndefined(readFile(path, { flag: constants.O_RDONLY | constants.O_NOFOLLOW })),
};
