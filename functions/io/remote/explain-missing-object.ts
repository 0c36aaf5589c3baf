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

/** The deepest folder of a key that is there, and the names in it nearest to what was asked for. */
export const explainMissingObject = async (
  files: RemoteFiles,
  { bucket, key }: S3Location,
): Promise<{ readonly reason: string; readonly nearest: readonly string[] }> => {
  const segments = key.split('/');
  const last = segments.length - 1;
  let folder = '';
  let index = 0;
  for (; index < last; index += 1) {
    const next = `${folder}${segments[index]}/`;
    if (hasGlob(segments[index] ?? '') || !(await isRemoteFolder(files, { bucket, key: next }))) break;
    folder = next;
  }
  const names = await namesIn(files, { bucket, key: folder });
  const there = renderS3Uri({ bucket, key: folder });
  return names.length === 0
    ? { reason: `nothing is in ${there}`, nearest: [] }
    : nearestOf({ folder: there, segment: segments[index] ?? '', names });
};

const namesIn = async (files: RemoteFiles, { bucket, key }: S3Location): Promise<readonly string[]> => {
  const names: string[] = [];
  for await (const entry of files.list({ bucket, prefix: key, depth: 'here', atMost: MOST_NAMES }))
    if (entry.key !== key) names.push(entry.key.slice(key.length).replace(/\/$/u, ''));
  return names.sort();
};
