import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { InputFormatError, InputNotFoundError } from '../contract/errors-input.ts';
import { INPUT_LIMITS } from '../contract/pinned-input.ts';
import { compileNamePattern, hasGlob, isHidden } from '../core/match-glob.ts';
import { errorCode } from './file-operations.ts';
import { addFound, type Found, type Listing, nearestOf, unfoldPattern } from './found-files.ts';

const join = (folder: string, name: string): string =>
  folder === '' || folder.endsWith('/') ? folder + name : `${folder}/${name}`;

/** What an entry is, links followed; undefined for what is neither file nor folder, and for a dead link. */
const kindOf = async (entry: Dirent, path: string): Promise<'file' | 'folder' | undefined> => {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return undefined;
  const target = await statOrUndefined(path);
  return target?.isFile() ? 'file' : target?.isDirectory() ? 'folder' : undefined;
};

const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);
const unreadable = (path: string, error: unknown): InputFormatError =>
  new InputFormatError({ path, reason: `cannot be read (${errorCode(error)})` }, { cause: error });

const statOrUndefined = async (path: string) => {
  try {
    return await stat(path);
  } catch (error) {
    if (MISSING.has(errorCode(error) ?? '')) return undefined;
    throw unreadable(path, error);
  }
};

const entriesOf = async (folder: string): Promise<readonly Dirent[]> => {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (MISSING.has(errorCode(error) ?? '')) return [];
    throw unreadable(folder, error);
  }
};

/** Folders on the way down, by device and inode: a link to one of them is a loop. */
type Trail = readonly string[];

const enter = async (path: string, trail: Trail): Promise<Trail | undefined> => {
  if (trail.length >= INPUT_LIMITS.depth) return undefined;
  const { dev, ino } = await stat(path);
  const id = `${dev}:${ino}`;
  return trail.includes(id) ? undefined : [...trail, id];
};

const walk = async (folder: Found, listing: Listing, trail: Trail): Promise<void> => {
  const below = await enter(folder.path, trail);
  if (below === undefined) return;
  for (const entry of await entriesOf(folder.path)) {
    if (isHidden(entry.name)) continue;
    const next = { path: join(folder.path, entry.name), written: join(folder.written, entry.name) };
    const kind = await kindOf(entry, next.path);
    if (kind === 'file') addFound(listing, next);
    else if (kind === 'folder') await walk(next, listing, below);
  }
};

const matchBelow = async (
  folder: Found,
  segments: readonly string[],
  listing: Listing,
  trail: Trail,
): Promise<void> => {
  const [segment, ...rest] = segments;
  if (segment === undefined) return;
  if (segment !== '**' && !hasGlob(segment)) {
    const next = { path: join(folder.path, segment), written: join(folder.written, segment) };
    const target = await statOrUndefined(next.path);
    if (rest.length === 0 && target?.isFile()) addFound(listing, next);
    else if (rest.length > 0 && target?.isDirectory()) await matchBelow(next, rest, listing, []);
    return;
  }
  const below = segment === '**' ? await enter(folder.path, trail) : [];
  if (below === undefined) return;
  if (segment === '**') await matchBelow(folder, rest.length === 0 ? ['*'] : rest, listing, []);
  const matches = segment === '**' ? () => true : compileNamePattern(segment);
  for (const entry of await entriesOf(folder.path)) {
    if (isHidden(entry.name) || !matches(entry.name)) continue;
    const next = { path: join(folder.path, entry.name), written: join(folder.written, entry.name) };
    const kind = await kindOf(entry, next.path);
    if (segment === '**') {
      if (kind === 'folder') await matchBelow(next, segments, listing, below);
    } else if (rest.length === 0) {
      if (kind === 'file') addFound(listing, next);
    } else if (kind === 'folder') await matchBelow(next, rest, listing, []);
  }
};

/** The deepest folder of a path that exists, and the names in it nearest to what was asked for. */
const explainMissing = async (path: string): Promise<{ reason: string; nearest: readonly string[] }> => {
  const segments = path.split('/').slice(1);
  let folder = '/';
  for (const [index, segment] of segments.entries()) {
    const next = join(folder, segment);
    const isLast = index === segments.length - 1;
    if (!isLast && !hasGlob(segment) && (await statOrUndefined(next))?.isDirectory()) {
      folder = next;
      continue;
    }
    const names = (await entriesOf(folder)).map(({ name }) => name).sort();
    return nearestOf({ folder, segment, names });
  }
  return { reason: 'the folder is empty', nearest: [] };
};

const listPattern = async (start: Found, listing: Listing): Promise<void> => {
  const writtenSegments = start.written.split('/').filter((part) => part !== '' && part !== '.').length;
  for (const pattern of unfoldPattern(start.path, listing)) {
    const segments = pattern
      .split('/')
      .filter((part, index, all) => part !== '' && !(part === '**' && all[index - 1] === '**'));
    const from = Math.max(0, segments.length - writtenSegments);
    const root = `/${segments.slice(0, from).join('/')}`;
    await matchBelow({ path: root, written: '' }, segments.slice(from), listing, []);
  }
};

/**
 * Lists what a path of this machine names: a file, a folder or a pattern. Links are followed, loops are not.
 * Throws InputNotFoundError, InputFormatError, LimitError.
 */
export const listLocal = async (start: Found, uri: string): Promise<Listing> => {
  const listing: Listing = { found: [], uri, isFolder: false };
  const target = await statOrUndefined(start.path);
  if (target?.isFile()) return { ...listing, found: [start] };
  if (target?.isDirectory()) {
    await walk(start, listing, []);
    return { ...listing, isFolder: true };
  }
  if (target !== undefined)
    throw new InputFormatError({ path: start.path, reason: 'is neither a file nor a folder' });
  if (hasGlob(start.path)) await listPattern(start, listing);
  if (listing.found.length === 0)
    throw new InputNotFoundError({ uri, ...(await explainMissing(start.path)) });
  return listing;
};
