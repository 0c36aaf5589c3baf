import { InputNotFoundError, LimitError } from '../../contract/errors-input.ts';
import {
  compilePathPattern,
  hasGlob,
  isHidden,
  matchesPath,
  type PathPattern,
} from '../../core/match-glob.ts';
import { parseS3Uri, renderS3Uri, type S3Location } from '../../core/s3-uri.ts';
import { addFound, type Found, type Listing, unfoldPattern } from '../found-files.ts';
import { explainMissingObject, isRemoteFolder } from './explain-missing-object.ts';
import type { ListedObject, RemoteFiles } from './remote-files.ts';

type Entry = Extract<ListedObject, { kind: 'object' }>;

/** Keys that one address may look through: 5,000 requests, some ten minutes. */
const MOST_KEYS = 5_000_000;

const foundOf = (bucket: string, { key, sizeBytes, etag }: Entry): Found => {
  const path = renderS3Uri({ bucket, key });
  return { path, written: path, object: { sizeBytes, etag } };
};

/** What consoles and Hadoop leave in the place of a folder. */
const isFolderMark = ({ key, sizeBytes }: Entry): boolean =>
  sizeBytes === 0 && (key.endsWith('/') || key.endsWith('_$folder$'));

type Search = S3Location & { readonly depth: 'here' | 'all'; readonly uri: string };

/** The objects whose keys begin with `key`, without the marks of folders. Throws LimitError. */
const search = async function* (
  files: RemoteFiles,
  { bucket, key, depth, uri }: Search,
): AsyncGenerator<Entry> {
  let keys = 0;
  for await (const entry of files.list({ bucket, prefix: key, depth })) {
    keys += 1;
    if (keys > MOST_KEYS)
      throw new LimitError({
        what: `keys that begin as the input ${JSON.stringify(uri)} does`,
        found: `more than ${MOST_KEYS}`,
        limit: String(MOST_KEYS),
        advice: 'name a longer beginning before the first *, ? or [',
      });
    if (entry.kind === 'object' && !isFolderMark(entry)) yield entry;
  }
};

/** The object of exactly this key: of all keys that begin with it, it comes first. */
const findObject = async (files: RemoteFiles, { bucket, key }: S3Location): Promise<Entry | undefined> => {
  if (key === '' || key.endsWith('/')) return undefined;
  for await (const entry of files.list({ bucket, prefix: key, depth: 'all', atMost: 1 }))
    return entry.kind === 'object' && entry.key === key ? entry : undefined;
  return undefined;
};

const listFolder = async (files: RemoteFiles, folder: S3Location, listing: Listing): Promise<void> => {
  for await (const entry of search(files, { ...folder, depth: 'all', uri: listing.uri })) {
    const names = entry.key.slice(folder.key.length).split('/');
    if (!names.some(isHidden)) addFound(listing, foundOf(folder.bucket, entry));
  }
};

/** A pattern, and the longest beginning that all its keys have. */
type Place = { readonly prefix: string; readonly depth: 'here' | 'all'; readonly pattern: PathPattern };

const planPattern = (key: string): Place => {
  const segments = key.split('/');
  const first = segments.findIndex(hasGlob);
  const literal =
    first < 0
      ? key
      : segments
          .slice(0, first)
          .map((segment) => `${segment}/`)
          .join('');
  const begin = first < 0 ? '' : (/^[^*?[{]*/u.exec(segments[first] ?? '')?.[0] ?? '');
  const isHere = first === segments.length - 1 && segments[first] !== '**';
  return { prefix: literal + begin, depth: isHere ? 'here' : 'all', pattern: compilePathPattern(segments) };
};

/** One listing for all patterns that begin alike: of `a*` and `ab*` that of the first finds all. */
const groupPlaces = (
  places: readonly Place[],
): readonly { readonly search: Place; readonly all: readonly Place[] }[] => {
  const groups: { search: Place; all: Place[] }[] = [];
  for (const place of [...places].sort((left, right) => (left.prefix < right.prefix ? -1 : 1))) {
    const last = groups.at(-1);
    if (last === undefined || !place.prefix.startsWith(last.search.prefix)) {
      groups.push({ search: place, all: [place] });
      continue;
    }
    last.all.push(place);
    const isSame = place.prefix === last.search.prefix && place.depth === last.search.depth;
    if (!isSame) last.search = { ...last.search, depth: 'all' };
  }
  return groups;
};

const listPattern = async (
  files: RemoteFiles,
  { bucket, key }: S3Location,
  listing: Listing,
): Promise<void> => {
  for (const group of groupPlaces(unfoldPattern(key, listing).map(planPattern))) {
    const { prefix, depth } = group.search;
    for await (const entry of search(files, { bucket, key: prefix, depth, uri: listing.uri })) {
      const names = entry.key.split('/');
      if (group.all.some(({ pattern }) => matchesPath(pattern, names)))
        addFound(listing, foundOf(bucket, entry));
    }
  }
};

/**
 * Lists what an address in S3 names: an object, what lies below it as in a folder, or a pattern. The marks of folders
 * do not count. Throws InputNotFoundError, InputFormatError, LimitError.
 */
export const listRemote = async (files: RemoteFiles, uri: string): Promise<Listing> => {
  const start = parseS3Uri(uri);
  const { bucket, key } = start;
  const listing: Listing = { found: [], uri, isFolder: false };
  const object = await findObject(files, start);
  if (object !== undefined) return { ...listing, found: [foundOf(bucket, object)] };
  const folder = key === '' || key.endsWith('/') ? key : `${key}/`;
  if (await isRemoteFolder(files, { bucket, key: folder })) {
    await listFolder(files, { bucket, key: folder }, listing);
    return { ...listing, isFolder: true };
  }
  // As of a path of this machine, slashes at its end do not count.
  if (hasGlob(key)) await listPattern(files, { bucket, key: key.replace(/\/+$/u, '') }, listing);
  if (listing.found.length === 0)
    throw new InputNotFoundError({ uri, ...(await explainMissingObject(files, start)) });
  return listing;
};
