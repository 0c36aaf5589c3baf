import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { S3Client } from '@aws-sdk/client-s3';
import { InputFormatError, InputNotFoundError } from '../contract/errors-input.ts';
import type { InputFormat } from '../contract/input.ts';
import { parseHiveFolders } from '../core/hive-folders.ts';
import { isS3Uri } from '../core/s3-uri.ts';
import type { Found, Listing } from './found-files.ts';
import { listLocal } from './list-local.ts';
import { listRemote } from './remote/list-remote.ts';
import { openRemoteFiles } from './remote/remote-files.ts';

/**
 * The law of a listing: absolute paths in the order of their bytes, none twice; folders and patterns
 * pass over names that begin with `.` or `_`, as Spark and Hive do. It is the same law on this machine and in S3.
 */

/** A file of the input, and the format that its name says. */
export type ListedFile = Pick<Found, 'path' | 'object'> & {
  /** The `key=value` folders in the path as the spec writes it and below. */
  readonly hive: Readonly<Record<string, string | null>>;
};
export type ListedInput = { readonly format: InputFormat; readonly files: readonly ListedFile[] };

export type ListRequest = {
  readonly uri: string | readonly string[];
  readonly format?: InputFormat | undefined;
  /** The folder that relative paths start from. */
  readonly baseDir: string;
  /** Lists what `s3://` addresses name. */
  readonly s3?: S3Client | undefined;
  readonly signal?: AbortSignal;
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

const listUri = async (uri: string, request: ListRequest): Promise<readonly Found[]> => {
  const listing = isS3Uri(uri)
    ? await listRemote(await openRemoteFiles(request.s3, request.signal), uri)
    : await listLocal(pathOfUri(uri, request.baseDir), uri);
  if (!listing.isFolder) return listing.found;
  refuseEmpty(listing);
  return keepFormat(listing.found, request.format);
};

const pathOfUri = (uri: string, baseDir: string): Found => {
  const written = uri.startsWith('file://') ? fileURLToPath(uri) : uri;
  return { path: resolve(baseDir, written), written };
};

const refuseEmpty = ({ found, uri }: Listing): void => {
  if (found.length > 0) return;
  throw new InputNotFoundError({
    uri,
    reason: 'the folder has no file (names that begin with "." or "_" do not count)',
    nearest: [],
  });
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
 * Lists the files of `input.uri`: a file, a folder, a pattern, or a list of these, of this machine or in S3; a file
 * that exists is meant literally even where its name looks like a pattern. At most {@link INPUT_LIMITS}.files.
 *
 * Throws InputNotFoundError, InputFormatError, LimitError, and NotYetError for S3 where there is no client.
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
    files: files.map(({ path, written, object }) => ({
      path,
      hive: parseHiveFolders(written),
      ...(object === undefined ? {} : { object }),
    })),
  };
};
