import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputAccessError } from '../../../functions/contract/errors-input.ts';
import { listLocal } from '../../../functions/io/list-local.ts';
import { listRemote } from '../../../functions/io/remote/list-remote.ts';
import type { ListedObject, Listing, RemoteFiles } from '../../../functions/io/remote/remote-files.ts';
import { announceSeed } from '../../oracle/grammar.ts';
import { withFolder } from '../open-input.ts';
import { openRemoteFolder } from './remote-folder.ts';

const put = async (folder: string, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), 'a\n1\n');
  }
};

const sorted = (paths: readonly string[]): string[] => [...new Set(paths)].sort();

/** Paths from the root, or what it failed with. */
const listHere = async (folder: string, uri: string) => {
  try {
    const { found } = await listLocal({ path: join(folder, uri), written: uri }, uri);
    return sorted(found.map(({ path }) => path.slice(folder.length + 1)));
  } catch (error) {
    return (error as Error).name;
  }
};

const listThere = async (files: RemoteFiles, uri: string) => {
  try {
    const { found } = await listRemote(files, `s3://bucket/${uri}`);
    return sorted(found.map(({ path }) => path.slice('s3://bucket/'.length)));
  } catch (error) {
    return (error as Error).name;
  }
};

const listed = (folder: string, uri: string) => listThere(openRemoteFolder(folder), uri);

/** A bucket of these keys and sizes, with what was asked of it. */
const bucketOf = (sizes: Readonly<Record<string, number>>): RemoteFiles & { readonly asked: Listing[] } => {
  const asked: Listing[] = [];
  return {
    asked,
    list: async function* (listing): AsyncGenerator<ListedObject> {
      asked.push(listing);
      for (const [key, sizeBytes] of Object.entries(sizes).sort(([left], [right]) => (left < right ? -1 : 1)))
        if (key.startsWith(listing.prefix)) yield { kind: 'object', key, sizeBytes, etag: '"e"' };
    },
    read: () => Promise.reject(new Error('a listing reads nothing')),
    copy: () => Promise.reject(new Error('a listing reads nothing')),
  };
};

describe('listRemote', () => {
  it('lists what the same address lists on this machine, for any tree and any pattern', async () => {
    const name = fc.constantFrom(
      'a',
      'b',
      'ab',
      '_a',
      '.b',
      'a.csv',
      'b.csv',
      'x=1',
      'a b',
      'é',
      'a+b%',
      '[a]',
      "q'",
    );
    const tree = fc.array(fc.array(name, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });
    const part = fc.constantFrom(
      '*',
      '?',
      '**',
      'a*',
      '*.csv',
      '[ab]',
      '[!a]*',
      '{a,b}',
      'a',
      'ab',
      'x=*',
      '_*',
      '[a]',
    );
    const pattern = fc.array(fc.oneof(part, name), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(tree, fc.array(pattern, { minLength: 1, maxLength: 6 }), (paths, patterns) =>
        withFolder(async (folder) => {
          // A name cannot be file and folder here; in S3 it can.
          for (const path of paths) await put(folder, [path.join('/')]).catch(() => {});
          for (const segments of patterns) {
            const uri = segments.join('/');
            expect({ uri, found: await listed(folder, uri) }).toEqual({
              uri,
              found: await listHere(folder, uri),
            });
          }
        }),
      ),
      announceSeed('listRemote', 150),
    );
  });

  it('asks for the longest beginning without a pattern, and goes no deeper than it has to', async () => {
    const files = bucketOf({ 'data/2026-1/a.csv': 1, 'data/2026-2/a.csv': 1, 'data/2025/a.csv': 1 });
    const asked = async (uri: string) => {
      files.asked.length = 0;
      await listRemote(files, uri).catch(() => {});
      return files.asked.map(({ prefix, depth }) => `${prefix} ${depth}`)[2];
    };
    expect(await asked('s3://b/data/2026-*/*.csv')).toBe('data/2026- all');
    expect(await asked('s3://b/data/2026-1/*.csv')).toBe('data/2026-1/ here');
    expect(await asked('s3://b/data/**')).toBe('data/ all');
    expect(await asked('s3://b/*.csv')).toBe(' here');
    expect(await asked('s3://b/data/20{26-1,25}/*.csv')).toBe('data/2025/ here');
  });

  it('passes over the marks of folders that consoles and Hadoop leave', async () => {
    const files = bucketOf({
      'd/': 0,
      'd/a.csv': 3,
      'd/e/': 0,
      'd/e_$folder$': 0,
      'd/empty.csv': 0,
      'd/odd/': 7,
    });
    expect(await listThere(files, 'd')).toEqual(['d/a.csv', 'd/empty.csv', 'd/odd/']);
    expect(await listThere(files, 'd/*.csv')).toEqual(['d/a.csv', 'd/empty.csv']);
    expect(await listThere(files, 'd/e')).toEqual([]);
  });

  it('takes an object for the file where a folder has its name too, and the folder where a slash says so', async () => {
    const files = bucketOf({ 'd/x': 1, 'd/x/y': 2, 'd/x.csv': 3 });
    expect(await listThere(files, 'd/x')).toEqual(['d/x']);
    expect(await listThere(files, 'd/x/')).toEqual(['d/x/y']);
    expect(await listThere(files, '')).toEqual(['d/x', 'd/x.csv', 'd/x/y']);
  });

  it('tells size and ETag, so that pinning asks for nothing', async () => {
    const { found } = await listRemote(bucketOf({ 'a.csv': 3 }), 'S3://b/a.csv');
    expect(found).toEqual([
      { path: 's3://b/a.csv', written: 's3://b/a.csv', object: { sizeBytes: 3, etag: '"e"' } },
    ]);
  });

  it('rejects what is not there, and names what is near', () =>
    withFolder(async (folder) => {
      await put(folder, ['data/sales.csv', 'data/deep/a.csv']);
      const reject = (uri: string) => expect(listRemote(openRemoteFolder(folder), uri)).rejects;
      await reject('s3://b/data/sale.csv').toMatchObject({
        name: 'InputNotFoundError',
        message:
          'the input "s3://b/data/sale.csv" names no file: the folder s3://b/data/ has no "sale.csv"; nearest there: "sales.csv"',
      });
      await reject('s3://b/dota/*.csv').toThrow('the folder s3://b/ has no "dota"; nearest there: "data"');
      await reject('s3://b/data/*.tsv').toThrow('has nothing that matches "*.tsv"');
      await reject('s3://b/data/deep/b/*').toThrow('the folder s3://b/data/deep/ has no "b"');
    }));

  it('rejects what is not there for a caller who may list only below a prefix', async () => {
    const bounded = (files: RemoteFiles): RemoteFiles => ({
      ...files,
      list: (listing) => {
        if (listing.prefix.startsWith('teams/tickets/')) return files.list(listing);
        const path = `s3://${listing.bucket}/${listing.prefix}`;
        throw new InputAccessError({ path, reason: 'cannot be listed: access is denied' });
      },
    });
    const there = bounded(bucketOf({ 'teams/tickets/2026.csv': 1, 'teams/other/2025.csv': 1 }));
    await expect(listRemote(there, 's3://acme/teams/tickets/2025-*.csv')).rejects.toThrow(
      'the folder s3://acme/teams/tickets/ has nothing that matches "2025-*.csv"; nearest there: "2026.csv"',
    );
    await expect(listRemote(bounded(bucketOf({})), 's3://acme/teams/tickets/a/b.csv')).rejects.toMatchObject({
      name: 'InputNotFoundError',
      message: expect.stringContaining('nothing is in s3://acme/teams/tickets/'),
    });
  });

  it('rejects an address of an empty bucket, more files than a plan lists, and too many alternatives', async () => {
    await expect(listRemote(bucketOf({}), 's3://b/x')).rejects.toThrow('nothing is in s3://b/');
    const many = Object.fromEntries(Array.from({ length: 100_001 }, (_, index) => [`d/${index}.csv`, 1]));
    await expect(listRemote(bucketOf(many), 's3://b/d')).rejects.toMatchObject({ name: 'LimitError' });
    await expect(listRemote(bucketOf({ x: 1 }), `s3://b/${'{a,b}'.repeat(20)}`)).rejects.toMatchObject({
      name: 'LimitError',
    });
  });
});
