import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { InputFormat } from '../../functions/contract/input.ts';
import { formatOfName, listInput } from '../../functions/io/list-input.ts';
import { withFolder } from './open-input.ts';

const put = async (folder: string, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), 'a\n1\n');
  }
};

const listed = async (baseDir: string, uri: string | readonly string[], format?: InputFormat) => {
  const { files } = await listInput({ uri, format, baseDir });
  return files.map(({ path }) => path.slice(baseDir.length + 1));
};

describe('listInput', () => {
  it('lists a folder in the order of bytes, without hidden names', () =>
    withFolder(async (folder) => {
      await put(folder, [
        'd/b.csv',
        'd/B.csv',
        'd/é.csv',
        'd/sub/a.csv',
        'd/_SUCCESS',
        'd/.x.csv',
        'd/_t/x.csv',
      ]);
      expect(await listed(folder, 'd')).toEqual(['d/B.csv', 'd/b.csv', 'd/sub/a.csv', 'd/é.csv']);
    }));

  it.each([
    ['d/*.csv', ['d/a.csv', 'd/b.csv']],
    ['d/**/*.csv', ['d/a.csv', 'd/b.csv', 'd/s/a.csv', 'd/s/t/c.csv']],
    ['d/**', ['d/a.csv', 'd/b.csv', 'd/s/a.csv', 'd/s/t/c.csv']],
    ['d/*/?.csv', ['d/s/a.csv']],
    ['d/{a,b}.csv', ['d/a.csv', 'd/b.csv']],
    ['./d/../d/[a]*', ['d/a.csv']],
    ['d/*/t/c.csv', ['d/s/t/c.csv']],
  ])('matches the pattern %s', (pattern, expected) =>
    withFolder(async (folder) => {
      await put(folder, ['d/a.csv', 'd/b.csv', 'd/s/a.csv', 'd/s/t/c.csv', 'd/.h/a.csv', 'd/_a.csv']);
      expect(await listed(folder, pattern)).toEqual(expected);
    }),
  );

  it('takes a list and a file URI, and no file twice', () =>
    withFolder(async (folder) => {
      await put(folder, ['b.csv', 'a.csv']);
      expect(await listed(folder, ['b.csv', '*.csv', pathToFileURL(join(folder, 'b.csv')).href])).toEqual([
        'a.csv',
        'b.csv',
      ]);
    }));

  it('takes a file literally where its name looks like a pattern', () =>
    withFolder(async (folder) => {
      await put(folder, ['a*.csv', 'ab.csv', "q'[x]?\n.csv"]);
      expect(await listed(folder, 'a*.csv')).toEqual(['a*.csv']);
      expect(await listed(folder, "q'[x]?\n.csv")).toEqual(["q'[x]?\n.csv"]);
    }));

  it('follows links and leaves loops', () =>
    withFolder(async (folder) => {
      await put(folder, ['real/a.csv', 'd/b.csv']);
      await symlink(join(folder, 'real'), join(folder, 'd/link'));
      await symlink(join(folder, 'd'), join(folder, 'd/loop'));
      await symlink(join(folder, 'nowhere.csv'), join(folder, 'd/dead.csv'));
      expect(await listed(folder, 'd')).toEqual(['d/b.csv', 'd/link/a.csv']);
      expect(await listed(folder, 'd/**/*.csv')).toEqual(['d/b.csv', 'd/link/a.csv']);
    }));

  it('passes over a FIFO in a folder', () =>
    withFolder(async (folder) => {
      await put(folder, ['d/a.csv']);
      execFileSync('mkfifo', [join(folder, 'd/p.csv')]);
      expect(await listed(folder, 'd')).toEqual(['d/a.csv']);
      await expect(listed(folder, 'd/p.csv')).rejects.toThrow('is neither a file nor a folder');
    }));

  it('reads hive folders in the path as written and below, not above', () =>
    withFolder(async (folder) => {
      await put(folder, ['up=1/d/year=2024/a.csv']);
      const below = await listInput({ uri: 'd', baseDir: join(folder, 'up=1') });
      expect(below.files.map(({ hive }) => hive)).toEqual([{ year: '2024' }]);
      const named = await listInput({ uri: 'up=1/d/year=2024/*.csv', baseDir: folder });
      expect(named.files.map(({ hive }) => hive)).toEqual([{ up: '1', year: '2024' }]);
    }));

  it('keeps the files of a given format, or all where no name tells', () =>
    withFolder(async (folder) => {
      await put(folder, ['d/a.csv', 'd/README.md', 'e/part-0', 'e/part-1']);
      expect(await listed(folder, 'd', 'csv')).toEqual(['d/a.csv']);
      expect(await listed(folder, 'e', 'csv')).toEqual(['e/part-0', 'e/part-1']);
    }));

  it('rejects mixed formats, and counts them', () =>
    withFolder(async (folder) => {
      await put(folder, ['a.csv', 'b.csv.gz', 'c.jsonl']);
      await expect(listed(folder, '.')).rejects.toMatchObject({
        name: 'InputFormatError',
        message: expect.stringContaining('2 csv, 1 jsonl'),
      });
    }));

  it('rejects a name without a known ending, and names those allowed', () =>
    withFolder(async (folder) => {
      await put(folder, ['a.xlsx']);
      await expect(listed(folder, 'a.xlsx')).rejects.toThrow(/input\.format, or use \.csv \.tsv/);
    }));

  it('rejects what does not exist, and names what is near', () =>
    withFolder(async (folder) => {
      await put(folder, ['data/sales.csv']);
      await expect(listed(folder, 'data/sale.csv')).rejects.toMatchObject({
        name: 'InputNotFoundError',
        message: expect.stringContaining('nearest there: "sales.csv"'),
      });
      await expect(listed(folder, 'dota/*.csv')).rejects.toThrow('nearest there: "data"');
      await expect(listed(folder, 'data/*.tsv')).rejects.toThrow('nothing that matches "*.tsv"');
    }));

  it('rejects an empty folder and S3', () =>
    withFolder(async (folder) => {
      await put(folder, ['e/_x.csv']);
      await expect(listed(folder, 'e')).rejects.toMatchObject({ name: 'InputNotFoundError' });
      await expect(listed(folder, 's3://bucket/x.csv')).rejects.toMatchObject({ name: 'NotYetError' });
    }));

  it('rejects a pattern of too many alternatives', () =>
    withFolder(async (folder) => {
      await expect(listed(folder, '{a,b}'.repeat(20))).rejects.toMatchObject({ name: 'LimitError' });
    }));
});

describe('formatOfName', () => {
  it.each([
    ['A.CSV', 'csv'],
    ['a.tsv.zst', 'tsv'],
    ['a.ndjson.gz', 'jsonl'],
    ['a.pq', 'parquet'],
    ['a.log', 'text'],
    ['a.gz', undefined],
    ['csv', undefined],
  ])('takes %s as %s', (name, format) => {
    expect(formatOfName(name)).toBe(format);
  });
});
