/** Objects in S3 that are files of a folder here: what is proved over them needs no emulator. */
import { type BigIntStats, constants, type Dirent } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { InputChangedError } from '../../../functions/contract/errors-input.ts';
import { isRemote, PinnedInput } from '../../../functions/contract/pinned-input.ts';
import { parseHiveFolders } from '../../../functions/core/hive-folders.ts';
import { parseS3Uri } from '../../../functions/core/s3-uri.ts';
import { withDuckDB } from '../../../functions/io/duckdb-session.ts';
import type { InputAccess } from '../../../functions/io/input-access.ts';
import type { InputLook } from '../../../functions/io/input-look.ts';
import { formatOfName } from '../../../functions/io/list-input.ts';
import { pinInput } from '../../../functions/io/pin-input.ts';
import { listRemote } from '../../../functions/io/remote/list-remote.ts';
import { openRemoteAccess } from '../../../functions/io/remote/remote-access.ts';
import type { ListedObject, Listing, RemoteFiles } from '../../../functions/io/remote/remote-files.ts';
import { openRemoteLook } from '../../../functions/io/remote/remote-look.ts';
import { sniffInput } from '../../../functions/io/sniff-input.ts';
import { type InputRequest, withFolder } from '../open-input.ts';

export type RemoteFolder = RemoteFiles & {
  readonly counts: { reads: number; bytes: number; underWay: number; mostUnderWay: number };
};

const etagOf = ({ ino, mtimeNs }: BigIntStats): string => `"${ino}-${mtimeNs}"`;

const keysOf = async (folder: string, prefix = ''): Promise<readonly string[]> => {
  const entries: readonly Dirent[] = await readdir(join(folder, prefix), { withFileTypes: true });
  const keys = await Promise.all(
    entries.map((entry) =>
      entry.isDirectory() ? keysOf(folder, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
    ),
  );
  return keys.flat();
};

const byBytes = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));

/** The one bucket, whatever its name, holds the files of the folder. */
export const openRemoteFolder = (folder: string): RemoteFolder => {
  const counts = { reads: 0, bytes: 0, underWay: 0, mostUnderWay: 0 };
  const read: RemoteFiles['read'] = async ({ path, etag }, { offset, lengthBytes }, signal) => {
    counts.reads += 1;
    counts.underWay += 1;
    counts.mostUnderWay = Math.max(counts.mostUnderWay, counts.underWay);
    try {
      const name = join(folder, parseS3Uri(path).key);
      const found = await stat(name, { bigint: true });
      signal?.throwIfAborted();
      if (etagOf(found) !== etag) throw new InputChangedError({ path, change: 'was written anew' });
      if (lengthBytes <= 0 || offset < 0 || offset + lengthBytes > found.size)
        throw new Error(`a read of ${lengthBytes} bytes at ${offset} of ${found.size}`);
      counts.bytes += lengthBytes;
      const handle = await open(name);
      try {
        return (await handle.read(new Uint8Array(lengthBytes), 0, lengthBytes, offset)).buffer;
      } finally {
        await handle.close();
      }
    } finally {
      counts.underWay -= 1;
    }
  };
  return {
    counts,
    read,
    list: (listing) => list(folder, listing),
    copy: async (file, ranges, target) => {
      const handle = await open(target, constants.O_RDWR | constants.O_CREAT);
      try {
        for (const range of ranges) {
          const bytes = await read(file, range);
          await handle.write(bytes, 0, bytes.length, range.offset);
        }
      } finally {
        await handle.close();
      }
      await truncate(target, file.sizeBytes);
    },
  };
};

async function* list(
  folder: string,
  { prefix, depth, atMost = Infinity }: Listing,
): AsyncGenerator<ListedObject> {
  const found = (await keysOf(folder)).filter((key) => key.startsWith(prefix)).sort(byBytes);
  const folders = new Set<string>();
  let left = atMost;
  for (const key of found) {
    const slash = depth === 'here' ? key.indexOf('/', prefix.length) : -1;
    const name = key.slice(0, slash + 1);
    if (slash >= 0 && folders.size === folders.add(name).size) continue;
    if (left-- <= 0) return;
    if (slash >= 0) yield { kind: 'folder', key: name };
    else {
      const found = await stat(join(folder, key), { bigint: true });
      yield { kind: 'object', key, sizeBytes: Number(found.size), etag: etagOf(found) };
    }
  }
}

export type RemoteInput = {
  readonly connection: DuckDBConnection;
  readonly input: PinnedInput;
  /** As a plan has it, parsed. */
  readonly planned: PinnedInput;
  readonly look: InputLook;
  /** For copies that the session reads: a new folder each time. */
  readonly openAccess: () => Promise<InputAccess & { readonly folder: string }>;
  readonly out: string;
};

/** What {@link withInput} does, over objects: `uri` counts from the bucket. */
export const withRemoteInput = <T>(
  files: RemoteFiles,
  request: InputRequest,
  use: (remote: RemoteInput) => Promise<T>,
): Promise<T> =>
  withFolder(async (scratchDir) => {
    const out = join(scratchDir, 'out');
    await mkdir(out);
    const uris = typeof request.uri === 'string' ? [request.uri] : request.uri;
    const found = (
      await Promise.all(uris.map((uri) => listRemote(files, `s3://bucket/${uri === '.' ? '' : uri}`)))
    ).flatMap((listing) => listing.found);
    found.sort((left, right) => byBytes(left.path, right.path));
    const pinned = await pinInput(
      found.map(({ path, written, object }) => ({
        path,
        hive: parseHiveFolders(written),
        ...(object === undefined ? {} : { object }),
      })),
    );
    const session = { threads: 2, memoryBytes: 512 * 1024 ** 2 };
    return withDuckDB(
      { ...session, scratchDir, readablePaths: [], writableDirs: [out] },
      async (connection) => {
        const look = openRemoteLook(files, out);
        const format = request.format ?? formatOfName(pinned[0]?.path ?? '') ?? 'csv';
        const input = await sniffInput(connection, {
          input: { schema: 'same', ...request },
          format,
          files: pinned,
          look,
        });
        const planned = withoutCopies(input);
        const openAccess = async () => {
          const folder = await mkdtemp(join(out, 'task-'));
          return { ...openRemoteAccess(files, { ...session, folder }), folder };
        };
        return use({ connection, input, planned, look, openAccess, out });
      },
    );
  });

const withoutCopies = (input: PinnedInput): PinnedInput =>
  PinnedInput.parse(
    JSON.parse(JSON.stringify({ ...input, files: input.files.map(({ local: _, ...file }) => file) })),
  );

/** An input without what tells where its files lie: the same of files here and of objects. */
export const withoutPins = (input: PinnedInput, root: string): unknown => {
  const text = JSON.stringify({
    ...input,
    files: input.files.map((file) => {
      const { device, inode, modifiedNs, etag, ...rest } = file;
      if (isRemote(file) ? device !== undefined : inode === undefined) throw new Error('pinned wrongly');
      return rest;
    }),
  });
  return JSON.parse(text.replaceAll(JSON.stringify(root).slice(1, -1), '(root)'));
};
