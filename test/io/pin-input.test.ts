import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pinInput, verifyPins } from '../../functions/io/pin-input.ts';
import { withFolder } from './open-input.ts';

const pinned = async (folder: string) => {
  const path = join(folder, 'a.csv');
  await writeFile(path, 'a\n1\n');
  return { path, files: await pinInput([{ path, hive: {} }]) };
};

describe('verifyPins', () => {
  it('passes over a file that is as it was', () =>
    withFolder(async (folder) => {
      const { files } = await pinned(folder);
      await expect(verifyPins(files)).resolves.toBeUndefined();
    }));

  it.each([
    ['another size', (path: string) => writeFile(path, 'a\n1\n2\n'), 'has 6 bytes, but had 4'],
    ['another time', (path: string) => utimes(path, 1, 1), 'was written to'],
    [
      'another file of the same size',
      async (path: string) => {
        await writeFile(`${path}.new`, 'a\n2\n');
        await rename(`${path}.new`, path);
      },
      'was replaced by another file',
    ],
    ['no file', (path: string) => rm(path), 'cannot be read any more (ENOENT)'],
  ])('fails where there is %s', (_, change, message) =>
    withFolder(async (folder) => {
      const { path, files } = await pinned(folder);
      await change(path);
      await expect(verifyPins(files)).rejects.toMatchObject({
        name: 'InputChangedError',
        message: expect.stringContaining(message),
      });
      await expect(verifyPins(files)).rejects.toThrow(path);
    }),
  );
});

describe('objects in S3', () => {
  it('are pinned by what their listing told, and left to the reads of them, which prove it', async () => {
    const object = { sizeBytes: 3, etag: '"e"' };
    const files = await pinInput([{ path: 's3://b/a\\*.csv.gz', hive: { y: '1' }, object }]);
    expect(files).toEqual([{ path: 's3://b/a\\*.csv.gz', compression: 'gzip', hive: { y: '1' }, ...object }]);
    await expect(verifyPins(files)).resolves.toBeUndefined();
  });
});

describe('pinInput', () => {
  it('rejects a folder, and a file deleted since it was listed', () =>
    withFolder(async (folder) => {
      await expect(pinInput([{ path: folder, hive: {} }])).rejects.toThrow('is not a regular file');
      await expect(pinInput([{ path: join(folder, 'gone.csv'), hive: {} }])).rejects.toMatchObject({
        name: 'InputFormatError',
        message: expect.stringContaining('ENOENT'),
      });
    }));

  it('rejects a name that DuckDB cannot be given', async () => {
    await expect(pinInput([{ path: '/a\\*.csv', hive: {} }])).rejects.toMatchObject({ name: 'LimitError' });
  });
});
