import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explainListError } from '../../../functions/io/remote/explain-remote-error.ts';
import type { ListedObject } from '../../../functions/io/remote/remote-files.ts';
import { openS3Files } from '../../../functions/io/remote/s3-files.ts';
import { createS3Client } from '../../../functions/io/s3/s3-client.ts';
import { errorReply, type Script } from '../s3/scripted-server.ts';
import { withServer } from '../s3/with-server.ts';

const FILE = { path: 's3://bucket/a b+c.csv', sizeBytes: 10, etag: '"e1"' };
const all = { bucket: 'bucket', prefix: 'a', depth: 'all' } as const;

const listAll = async (script: Script): Promise<readonly ListedObject[]> =>
  withServer(script, async (client) => {
    const found: ListedObject[] = [];
    for await (const entry of openS3Files(client).list(all)) found.push(entry);
    return found;
  });

const page = (keys: readonly string[], next?: string): string =>
  `<ListBucketResult><IsTruncated>${next !== undefined}</IsTruncated>${
    next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`
  }${keys.map((key) => `<Contents><Key>${key}</Key><Size>3</Size><ETag>&quot;e&quot;</ETag></Contents>`).join('')}</ListBucketResult>`;

describe('a listing of S3', () => {
  it('takes all pages, and keys as S3 and as other stores encode them', async () => {
    const found = await listAll(({ url }) => ({
      status: 200,
      body: url.includes('continuation-token=t')
        ? page(['a%20b', 'a%C3%A9', 'a%0A'])
        : page(['a+b', 'a%2Bb', 'a%25'], 't'),
    }));
    expect(found.map(({ key }) => key)).toEqual(['a b', 'a+b', 'a%', 'a b', 'aé', 'a\n']);
    expect(found[0]).toEqual({ kind: 'object', key: 'a b', sizeBytes: 3, etag: '"e"' });
  });

  it.each([
    [404, 'NoSuchBucket', 'InputNotFoundError', 'there is no bucket "bucket"; check its name'],
    [
      403,
      'AccessDenied',
      'InputAccessError',
      '"s3://bucket/a" cannot be listed: access is denied; check that the caller may s3:ListBucket',
    ],
    [301, 'PermanentRedirect', 'InputAccessError', 'it is in another region; set AWS_REGION'],
    [403, 'InvalidAccessKeyId', 'InputAccessError', 'check the credentials'],
    [503, 'SlowDown', 'StoreError', 's3://bucket/a'],
  ])('fails by name where S3 answers %i %s', async (status, code, name, message) => {
    await expect(listAll(() => errorReply(status, code))).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
    });
  });

  it('fails by name without credentials', async () => {
    const failing = (error: Error) => () => Promise.reject(error);
    const provider = Object.assign(new Error('none'), { name: 'CredentialsProviderError' });
    const endpoint = 'http://127.0.0.1:9';
    const client = createS3Client({ endpoint, region: 'us-east-1', credentials: failing(provider) });
    await expect(openS3Files(client).list(all)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      name: 'InputAccessError',
      message: expect.stringContaining('no AWS credentials were found; set AWS_PROFILE'),
    });
    client.destroy();
  });

  it('fails by name without a region, which the SDK has no name for', () => {
    expect(explainListError(all, new Error('Region is missing'))).toMatchObject({
      name: 'InputAccessError',
      message: expect.stringContaining('set AWS_REGION'),
    });
  });
});

describe('a read of S3', () => {
  it('asks for the version that was pinned, and fails by name where that is no more', async () => {
    const script: Script = ({ headers }) =>
      headers['if-match'] === '"e1"' && headers.range === 'bytes=2-4'
        ? { status: 206, headers: { 'content-range': 'bytes 2-4/10' }, body: 'cde' }
        : errorReply(412, 'PreconditionFailed');
    await withServer(script, async (client, { seen }) => {
      const files = openS3Files(client);
      expect(Buffer.from(await files.read(FILE, { offset: 2, lengthBytes: 3 })).toString()).toBe('cde');
      expect(seen[0]?.url).toMatch(/^\/bucket\/a%20b%2Bc\.csv/);
      expect(await files.read(FILE, { offset: 2, lengthBytes: 0 })).toHaveLength(0);
      expect(seen).toHaveLength(1);
      await expect(
        files.read({ ...FILE, etag: '"e2"' }, { offset: 2, lengthBytes: 3 }),
      ).rejects.toMatchObject({
        name: 'InputChangedError',
        message: expect.stringContaining('s3://bucket/a b+c.csv'),
      });
    });
  });

  it.each([
    [404, 'NoSuchKey', 'InputChangedError', 'is gone'],
    [403, 'AccessDenied', 'InputAccessError', 's3:GetObject'],
    [403, 'InvalidObjectState', 'InputAccessError', 'restore it from Glacier'],
    [403, 'ExpiredToken', 'InputAccessError', 'the credentials are not valid (ExpiredToken)'],
    [503, 'SlowDown', 'StoreError', 'slow down'],
  ])('fails by name where S3 answers %i %s', async (status, code, name, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'daybreak-s3-files-'));
    try {
      await withServer(
        () => errorReply(status, code),
        async (client) => {
          const files = openS3Files(client);
          const range = { offset: 2, lengthBytes: 3 };
          const failure = { name, message: expect.stringContaining(message) };
          await expect(files.read(FILE, range)).rejects.toMatchObject(failure);
          await expect(files.copy(FILE, [range], join(folder, 'copy'))).rejects.toMatchObject(failure);
        },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('copies ranges to their own places, and ends where its signal says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'daybreak-s3-files-'));
    const script: Script = ({ headers }) => {
      const [, from = '', to = ''] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') ?? [];
      const body = 'abcdefghij'.slice(Number(from), Number(to) + 1);
      return { status: 206, headers: { 'content-range': `bytes ${from}-${to}/10` }, body };
    };
    try {
      await withServer(script, async (client) => {
        const abort = new AbortController();
        const files = openS3Files(client, abort.signal);
        const path = join(folder, 'copy');
        await files.copy(
          FILE,
          [
            { offset: 7, lengthBytes: 2 },
            { offset: 1, lengthBytes: 1 },
          ],
          path,
        );
        expect(await readFile(path, 'latin1')).toBe('\0b\0\0\0\0\0hi\0');
        abort.abort(new Error('enough'));
        await expect(files.read(FILE, { offset: 0, lengthBytes: 1 })).rejects.toThrow('enough');
        await expect(files.copy(FILE, [{ offset: 0, lengthBytes: 1 }], path)).rejects.toThrow('enough');
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
