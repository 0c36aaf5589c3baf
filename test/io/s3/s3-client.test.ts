import { createServer } from 'node:net';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { createS3Client } from '../../../functions/io/s3/s3-client.ts';
import { errorReply } from './scripted-server.ts';
import { withServer } from './with-server.ts';

const put = () => new PutObjectCommand({ Bucket: 'blocks', Key: 'a', Body: 'x' });

it('tries each call of many again, though all their connections end at once', () =>
  withServer(
    ({ attempt }) => (attempt === 1 ? 'none' : { status: 200 }),
    async (client, { seen }) => {
      await Promise.all(Array.from({ length: 64 }, () => client.send(put())));
      expect(seen.length).toBe(128);
    },
  ));

it('ends after its number of tries', () =>
  withServer(
    () => errorReply(503, 'ServiceUnavailable'),
    async (client, { seen }) => {
      await expect(client.send(put())).rejects.toMatchObject({ name: 'ServiceUnavailable' });
      expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    },
    { maxAttempts: 4 },
  ));

it.each([
  [400, 'InvalidRequest'],
  [403, 'AccessDenied'],
  [409, 'ConditionalRequestConflict'],
  [412, 'PreconditionFailed'],
])('tries nothing again that the store has decided: %i %s', (status, code) =>
  withServer(
    () => errorReply(status, code),
    async (client, { seen }) => {
      await expect(client.send(put())).rejects.toMatchObject({ name: code });
      expect(seen.length).toBe(1);
    },
  ),
);

it('puts the bucket in the path of an endpoint, and keys as they are', () =>
  withServer(
    () => ({ status: 200 }),
    async (client, { seen }) => {
      await client.send(new GetObjectCommand({ Bucket: 'blocks', Key: 'a b/ü+%=.csv' }));
      expect(decodeURIComponent(new URL(seen[0]?.url ?? '', 'http://x').pathname)).toBe(
        '/blocks/a b/ü+%=.csv',
      );
    },
  ));

it('waits for a silent store for a bounded time only', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = createS3Client({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 2,
    idleMs: 50,
  });
  try {
    await expect(client.send(put())).rejects.toMatchObject({
      name: 'TimeoutError',
      $metadata: { attempts: 2 },
    });
  } finally {
    client.destroy();
    server.close();
  }
});
