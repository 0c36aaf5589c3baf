import { stat } from 'node:fs/promises';
import { InputChangedError, InputFormatError, LimitError } from '../contract/errors-input.ts';
import { type Compression, isRemote, type PinnedFile } from '../contract/pinned-input.ts';
import { isReadablePath } from '../sql/quote.ts';
import { errorCode } from './file-operations.ts';
import type { ListedFile } from './list-input.ts';
import { mapBounded } from './map-bounded.ts';

/** Calls of `stat` open at once: enough to hide a disk's latency, far below the limit of open files. */
const STATS_AT_ONCE = 32;

/**
 * The law: what the job read is what it planned; a file whose inode, size or time differs ends the job by name. An
 * object in S3 is pinned by the ETag that its listing told, and every read of it proves that it is the same.
 */
type Pins = Pick<PinnedFile, 'sizeBytes' | 'device' | 'inode' | 'modifiedNs'>;

const readPins = async (path: string): Promise<Pins & { readonly isFile: boolean }> => {
  const found = await stat(path, { bigint: true });
  return {
    isFile: found.isFile(),
    sizeBytes: Number(found.size),
    device: String(found.dev),
    inode: String(found.ino),
    modifiedNs: String(found.mtimeNs),
  };
};

const compressionOf = (path: string): Compression => {
  const name = path.toLowerCase();
  return name.endsWith('.gz') ? 'gzip' : name.endsWith('.zst') ? 'zstd' : 'none';
};

const pinFile = async ({ path, hive, object }: ListedFile): Promise<PinnedFile> => {
  const known = {
    path,
    compression: compressionOf(path),
    ...(Object.keys(hive).length === 0 ? {} : { hive }),
  };
  // DuckDB is never given the name of an object: it reads copies.
  if (object !== undefined) return { ...known, ...object };
  if (!isReadablePath(path))
    throw new LimitError({
      what: `the name of the input file ${JSON.stringify(path)}`,
      found: 'a backslash beside *, ? or [ (or a NUL)',
      limit: 'one or the other',
      advice: 'rename the file',
    });
  try {
    const { isFile, ...pins } = await readPins(path);
    if (!isFile) throw new InputFormatError({ path, reason: 'is not a regular file' });
    return { ...known, ...pins };
  } catch (error) {
    if (error instanceof InputFormatError) throw error;
    throw new InputFormatError({ path, reason: `cannot be read (${errorCode(error)})` }, { cause: error });
  }
};

/** Pins listed files. Throws InputFormatError for what is no readable regular file, LimitError. */
export const pinInput = (files: readonly ListedFile[]): Promise<PinnedFile[]> =>
  mapBounded(files, STATS_AT_ONCE, pinFile);

const changeOf = (found: Pins, pinned: Pins): string | undefined => {
  if (found.sizeBytes !== pinned.sizeBytes)
    return `has ${found.sizeBytes} bytes, but had ${pinned.sizeBytes} when the job was planned`;
  if (found.inode !== pinned.inode || found.device !== pinned.device)
    return 'was replaced by another file after the job was planned';
  if (found.modifiedNs !== pinned.modifiedNs) return 'was written to after the job was planned';
  return undefined;
};

/**
 * Checks that each file of this machine is still the pinned one: call it before and after reading.
 * Throws InputChangedError for the first in the order of `files` that is not.
 */
export const verifyPins = async (files: readonly PinnedFile[]): Promise<void> => {
  const changes = await mapBounded(files, STATS_AT_ONCE, async (file) => {
    if (isRemote(file)) return undefined;
    try {
      return changeOf(await readPins(file.path), file);
    } catch (error) {
      return `cannot be read any more (${errorCode(error)})`;
    }
  });
  const first = changes.findIndex((change) => change !== undefined);
  const file = files[first];
  if (file !== undefined) throw new InputChangedError({ path: file.path, change: changes[first] ?? '' });
};
