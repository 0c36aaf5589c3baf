import { InputAccessError } from '../../contract/errors-input.ts';
import { hasGlob } from '../../core/match-glob.ts';
import { renderS3Uri, type S3Location } from '../../core/s3-uri.ts';
import { nearestOf } from '../found-files.ts';
import type { RemoteFiles } from './remote-files.ts';

/** Names that are looked through for one that is near: a page of a listing. */
const MOST_NAMES = 1000;

/** Whether anything, hidden names and marks of folders too, lies in a folder. */
export const isRemoteFolder = async (files: RemoteFiles, { bucket, key }: S3Location): Promise<boolean> => {
  for await (const _ of files.list({ bucket, prefix: key, depth: 'all', atMost: 1 })) return true;
  return key === '';
};

type Missing = { readonly reason: string; readonly nearest: readonly string[] };

/**
 * The deepest folder of a key that is there, and the names in it nearest to what was asked for. Who may list only below
 * a prefix is refused in the folders above it: then nothing is in the highest one that could be looked into.
 */
export const explainMissingObject = async (
  files: RemoteFiles,
  { bucket, key }: S3Location,
): Promise<Missing> => {
  const segments = key.split('/');
  const firstGlob = segments.findIndex(hasGlob);
  let empty = key;
  for (let index = firstGlob < 0 ? segments.length - 1 : firstGlob; index >= 0; index -= 1) {
    const folder = segments
      .slice(0, index)
      .map((segment) => `${segment}/`)
      .join('');
    const names = await namesWhereAllowed(files, { bucket, key: folder });
    if (names === undefined) break;
    empty = folder;
    if (names.length === 0) continue;
    const segment = segments[index] ?? '';
    return nearestOf({ folder: renderS3Uri({ bucket, key: folder }), segment, names });
  }
  return { reason: `nothing is in ${renderS3Uri({ bucket, key: empty })}`, nearest: [] };
};

/** Undefined where the caller may not look. */
const namesWhereAllowed = async (
  files: RemoteFiles,
  folder: S3Location,
): Promise<readonly string[] | undefined> => {
  try {
    return await namesIn(files, folder);
  } catch (error) {
    if (error instanceof InputAccessError) return undefined;
    throw error;
  }
};

const namesIn = async (files: RemoteFiles, { bucket, key }: S3Location): Promise<readonly string[]> => {
  const names: string[] = [];
  for await (const entry of files.list({ bucket, prefix: key, depth: 'here', atMost: MOST_NAMES }))
    if (entry.key !== key) names.push(entry.key.slice(key.length).replace(/\/$/u, ''));
  return names.sort();
};
