import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sendFile } from '../../../functions/io/s3/file-body.ts';
import { putLocalFile } from '../../../functions/io/s3/put-file.ts';
import { findSignatureFault } from './judge-signature.ts';
import { errorReply, type Reply, type SeenRequest } from './scripted-server.ts';
import { withServer } from './with-server.ts';

/** More than any buffer between the two ends of a socket holds. */
const bytes = randomBytes(12 * 2 ** 20);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const base64 = Buffer.from(sha256, 'hex').toString('base64');

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-put-'));
  path = join(folder, 'block');
  await writeFile(path, bytes);
});
afterEach(() => rm(folder, { recursive: true }));

/** As S3 answers a write. */
const TAKEN: Reply = { status: 200, headers: { etag: '"one"' } };

const upload = () => ({ bucket: 'blocks', key: 'b/00/x', path });
const failureOf = (result: Promise<unknown>): Promise<Error> =>
  result.then(
    () => new Error('it did not fail'),
    (error: unknown) => error as Error,
  );

describe('putLocalFile', () => {
  it('sends the bytes once, with their SHA-256 in the signature and as the checksum', () =>
    withServer(
      async (request) => {
        await request.body();
        return TAKEN;
      },
      async (client, { seen }) => {
        await putLocalFile(client, upload());
        const [request] = seen;
        expect(seen.length).toBe(1);
        expect(request?.headers).toMatchObject({
          'content-length': `${bytes.length}`,
          'x-amz-content-sha256': sha256,
          'x-amz-checksum-sha256': base64,
        });
        expect(request?.headers).not.toHaveProperty('x-amz-trailer');
        expect(Buffer.compare((await request?.body()) ?? Buffer.alloc(0), bytes)).toBe(0);
      },
    ));

  it('signs each try, and what it sends is what it signed', () =>
    withServer(
      async (request) => {
        await request.body();
        return request.attempt === 1 ? errorReply(503, 'ServiceUnavailable') : TAKEN;
      },
      async (client, { seen }) => {
        await putLocalFile(client, upload());
        await client.send(new PutObjectCommand({ Bucket: 'blocks', Key: 'a b+%ü', Body: 'x' }));
        expect(seen.length).toBe(4);
        for (const request of seen) expect(await findSignatureFault(request, 'test')).toBeUndefined();
        expect(await findSignatureFault(seen[0] as SeenRequest, 'wrong')).toMatch(/does not cover/u);
      },
    ));

  it('takes the SHA-256 that the caller knows', () =>
    withServer(
      async (request) => {
        await request.body();
        return TAKEN;
      },
      async (client, { seen }) => {
        await putLocalFile(client, { ...upload(), sha256: 'ab'.repeat(32) });
        expect(seen[0]?.headers['x-amz-content-sha256']).toBe('ab'.repeat(32));
      },
    ));

  it('sends an empty file', async () => {
    await truncate(path, 0);
    await withServer(
      async (request) => {
        await request.body();
        return TAKEN;
      },
      async (client, { seen }) => {
        await putLocalFile(client, upload());
        expect(seen[0]?.headers['content-length']).toBe('0');
        expect(await seen[0]?.body()).toHaveLength(0);
      },
    );
  });

  it.each<[string, (request: SeenRequest) => Promise<Reply>]>([
    [
      'the store was away after it had all',
      async (request) => {
        await request.body();
        return errorReply(503, 'ServiceUnavailable');
      },
    ],
    ['the store was away before it had any', async () => errorReply(503, 'ServiceUnavailable')],
    ['the connection ended before the body', async () => 'none'],
    [
      'the connection ended after the body',
      async (request) => {
        await request.body();
        return 'none';
      },
    ],
  ])('sends it again from its first byte where %s', (_, failing) =>
    withServer(
      async (request) => {
        if (request.attempt < 3) return failing(request);
        await request.body();
        return TAKEN;
      },
      async (client, { seen }) => {
        await putLocalFile(client, upload());
        expect(seen.length).toBe(3);
        expect(Buffer.compare((await seen[2]?.body()) ?? Buffer.alloc(0), bytes)).toBe(0);
      },
    ),
  );

  it('is not tried again where the store refuses the bytes', () =>
    withServer(
      async (request) => {
        await request.body();
        return errorReply(400, 'BadDigest');
      },
      async (client, { seen }) => {
        const failure = await failureOf(putLocalFile(client, upload()));
        expect(failure.name).toBe('BadDigest');
        expect(seen.length).toBe(1);
      },
    ));

  it('fails where the file is gone, without a request', () =>
    withServer(
      () => TAKEN,
      async (client, { seen }) => {
        const gone = { ...upload(), path: join(folder, 'gone') };
        for (const each of [gone, { ...gone, sha256 }])
          expect(await failureOf(putLocalFile(client, each))).toMatchObject({
            name: 'StoreError',
            isUnknown: false,
          });
        expect(seen).toEqual([]);
      },
    ));

  it('fails where the file ends before the bytes that were counted', () =>
    withServer(
      async (request) => {
        // It never comes whole.
        await request.body().catch(() => {});
        return TAKEN;
      },
      async (client, { seen }) => {
        const lengthBytes = bytes.length + 1;
        const command = new PutObjectCommand({ Bucket: 'blocks', Key: 'x', ContentLength: lengthBytes });
        sendFile(command, { path, offset: 0, lengthBytes, sha256 });
        const failure = await failureOf(client.send(command));
        expect(failure).toMatchObject({ name: 'StoreError', isUnknown: false });
        expect(failure.message).toContain(`it ends at byte ${bytes.length}`);
        await seen[0]?.closed;
        expect(seen.length).toBe(1);
      },
    ));
});
