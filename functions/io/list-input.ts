import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NotYetError } from '../contract/errors-command.ts';
import { InputFormatError, InputNotFoundError, LimitError } from '../contract/errors-input.ts';
import type { InputFormat } from '../contract/input.ts';
import { INPUT_LIMITS } from '../contract/pinned-input.ts';
import { parseHiveFolders } from '../core/hive-folders.ts';
import { compileNamePattern, hasGlob, unfoldBraces } from '../core/match-glob.ts';
import { suggestName } from '../core/suggest-name.ts';
import { errorCode } from './file-operations.ts';

/**
 * The law of a listing: absolute paths in the order of their bytes, none twice; folders and patterns
 * pass over names that begin with `.` or `_`, as Spark and Hive do; links are followed, loops are not.
 */

/** A file of the input, and the format that its name says. */
export type ListedFile = {
  readonly path: string;
  /** The `key=value` folders in the path as the spec writes it and below. */
  readonly hive: Readonly<Record<string, string | null>>;
};
export type ListedInput = { readonly format: InputFormat; readonly files: readonly ListedFile[] };

export type ListRequest = {
  readonly uri: string | readonly string[];
  readonly format?: InputFormat | undefined;
  /** The folder that relative paths start from. */
  readonly baseDir: string;
};

const FORMAT_OF_ENDING: Readonly<Record<string, InputFormat>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'jsonl',
  parquet: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
  txt: 'text',
  text: 'text',
  log: 'text',
  md: 'text',
};
const ENDINGS = Object.keys(FORMAT_OF_ENDING).map((ending) => `.${ending}`);

/** The format that a file's name says, past `.gz`, `.zst`; undefined where it says none. */
export const formatOfName = (path: string): InputFormat | undefined => {
  const name = basename(path)
    .toLowerCase()
    .replace(/\.(gz|zst)$/, '');
  const dot = name.lastIndexOf('.');
  return dot < 0 ? undefined : FORMAT_OF_ENDING[name.slice(dot + 1)];
};

/** `written` is the path as the spec writes it and what lies below: hive folders are looked for in it alone. */
type Found = { readonly path: string; readonly written: string };
type Listing = { readonly found: Found[]; readonly uri: string };

const isHidden = (name: string): boolean => name.startsWith('.') || name.startsWith('_');
const join = (folder: string, name: string): string =>
  folder === '' || folder.endsWith('/') ? folder + name : `${folder}/${name}`;

const addFile = (listing: Listing, file: Found): void => {
  listing.found.push(file);
  if (listing.found.length > INPUT_LIMITS.files)
    throw new LimitError({
      what: `files of the input ${JSON.stringify(listing.uri)}`,
      found: `more than ${INPUT_LIMITS.files}`,
      limit: String(INPUT_LIMITS.files),
      advice: 'join small files, or name fewer',
    });
};

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
    if (kind === 'file') addFile(listing, next);
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
    if (rest.length === 0 && target?.isFile()) addFile(listing, next);
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
      if (kind === 'file') addFile(listing, next);
    } else if (kind === 'folder') await matchBelow(next, rest, listing, []);
  }
};

const NEAREST_SHOWN = 3;

/** The deepest folder of a path that exists, and the names in it nearest to what was asked for. */
const nearestNames = async (path: string): Promise<{ reason: string; nearest: readonly string[] }> => {
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
    const nearest = suggestName(segment, names);
    const shown =
      nearest === undefined ? names.filter((name) => !isHidden(name)).slice(0, NEAREST_SHOWN) : [nearest];
    const lacks = hasGlob(segment) ? 'nothing that matches' : 'no';
    return { reason: `the folder ${folder} has ${lacks} ${JSON.stringify(segment)}`, nearest: shown };
  }
  return { reason: 'the folder is empty', nearest: [] };
};

const pathOfUri = (uri: string, baseDir: string): Found => {
  if (/^s3:\/\//i.test(uri))
    throw new NotYetError([{ path: 'input.uri', message: `reading ${uri} from S3 is not there yet` }]);
  const written = uri.startsWith('file://') ? fileURLToPath(uri) : uri;
  return { path: resolve(baseDir, written), written };
};

const listUri = async (uri: string, request: ListRequest): Promise<readonly Found[]> => {
  const start = pathOfUri(uri, request.baseDir);
  const listing: Listing = { found: [], uri };
  const target = await statOrUndefined(start.path);
  if (target?.isFile()) return [start];
  if (target?.isDirectory()) {
    await walk(start, listing, []);
    if (listing.found.length === 0)
      throw new InputNotFoundError({
        uri,
        reason: 'the folder has no file (names that begin with "." or "_" do not count)',
        nearest: [],
      });
    return keepFormat(listing.found, request.format);
  }
  if (target !== undefined)
    throw new InputFormatError({ path: start.path, reason: 'is neither a file nor a folder' });
  if (hasGlob(start.path)) await listPattern(start, listing);
  if (listing.found.length === 0) throw new InputNotFoundError({ uri, ...(await nearestNames(start.path)) });
  return listing.found;
};

const listPattern = async (start: Found, listing: Listing): Promise<void> => {
  const writtenSegments = start.written.split('/').filter((part) => part !== '' && part !== '.').length;
  const patterns = unfoldBraces(start.path);
  if (patterns === undefined)
    throw new LimitError({
      what: `the pattern ${JSON.stringify(listing.uri)}`,
      found: 'more than 1000 alternatives',
      limit: '1000',
    });
  for (const pattern of patterns) {
    const segments = pattern
      .split('/')
      .filter((part, index, all) => part !== '' && !(part === '**' && all[index - 1] === '**'));
    const from = Math.max(0, segments.length - writtenSegments);
    const root = `/${segments.slice(0, from).join('/')}`;
    await matchBelow({ path: root, written: '' }, segments.slice(from), listing, []);
  }
};

/** With a format given, a folder means its files of that format; where no name tells, all its files. */
const keepFormat = (found: readonly Found[], format: InputFormat | undefined): readonly Found[] => {
  if (format === undefined) return found;
  const kept = found.filter(({ path }) => formatOfName(path) === format);
  return kept.length === 0 ? found : kept;
};

const chooseFormat = (files: readonly Found[]): InputFormat => {
  const counts = new Map<InputFormat, number>();
  for (const { path } of files) {
    const format = formatOfName(path);
    if (format === undefined)
      throw new InputFormatError({
        path,
        reason: `has no ending that tells its format; give input.format, or use ${ENDINGS.join(' ')} (also with .gz or .zst)`,
      });
    counts.set(format, (counts.get(format) ?? 0) + 1);
  }
  const [first, ...others] = [...counts];
  if (first === undefined) throw new Error('a listing without files was not refused before');
  if (others.length > 0) {
    const found = [...counts].map(([format, files]) => `${files} ${format}`).join(', ');
    throw new InputFormatError({
      path: files[0]?.path ?? '',
      reason: `is one of an input of several formats (${found}); give input.format, or name files of one format`,
    });
  }
  return first[0];
};

/**
 * Lists the files of `input.uri`: a file, a folder, a pattern, or a list of these; a file that exists
 * is meant literally even where its name looks like a pattern. At most {@link INPUT_LIMITS}.files.
 *
 * Throws InputNotFoundError, InputFormatError, LimitError, NotYetError (S3).
 */
export const listInput = async (request: ListRequest): Promise<ListedInput> => {
  const uris = typeof request.uri === 'string' ? [request.uri] : request.uri;
  const byPath = new Map<string, Found>();
  for (const uri of uris)
    for (const found of await listUri(uri, request))
      if (!byPath.has(found.path)) byPath.set(found.path, found);
  const files = [...byPath.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const format = request.format ?? chooseFormat(files);
  return {
    format,
    files: files.map(({ path, written }) => ({ path, hive: parseHiveFolders(written) })),
  };
};
