import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { KEYS } from '../../../functions/contract/keys.ts';
import { countRequests } from '../../../functions/io/s3/count-requests.ts';
import { errorReply } from './scripted-server.ts';
import { withServer } from './with-server.ts';

const Bucket = 'blocks';
const stage = { job: 'themes', run: '0001', stage: '00-map' };

it('counts what goes out by operation and kind of key, retries among it', async () => {
  let isAway = true;
  const script = () => {
    const reply = isAway ? errorReply(503, 'ServiceUnavailable') : { status: 200 };
    isAway = false;
    return reply;
  };
  await withServer(script, async (client, { seen }) => {
    const counts = countRequests(client);
    const Key = KEYS.commit.render({ ...stage, task: '000000' });
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await client.send(new PutObjectCommand({ Bucket, Key: KEYS.sealed.render(stage), Body: 'x' }));
    await client.send(new ListObjectsV2Command({ Bucket, Prefix: KEYS.commit.prefix(stage) }));
    await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }, { Key: 'b/00/x' }] } }),
    );
    await client.send(new GetObjectCommand({ Bucket, Key: 'inbox/a.yaml' }));
    await client.send(new CreateBucketCommand({ Bucket }));
    const none = { retries: 0, duplicates: 0 };
    expect(counts.read()).toEqual([
      { operation: 'CreateBucket', kind: 'other', requests: 1, ...none },
      { operation: 'DeleteObjects', kind: 'commit', requests: 1, ...none },
      { operation: 'GetObject', kind: 'other', requests: 1, ...none },
      { operation: 'ListObjectsV2', kind: 'commit', requests: 1, ...none },
      { operation: 'PutObject', kind: 'commit', requests: 2, retries: 1, duplicates: 0 },
      { operation: 'PutObject', kind: 'sealed', requests: 1, ...none },
    ]);
    expect(counts.read().reduce((sum, { requests }) => sum + requests, 0)).toBe(seen.length);
  });
});

it('counts each client apart, from when it was asked to', () =>
  withServer(
    () => ({ status: 200 }),
    async (client) => {
      await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
      const counts = countRequests(client);
      expect(counts.read()).toEqual([]);
      await withServer(
        () => ({ status: 200 }),
        async (other) => {
          await other.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
        },
      );
      expect(counts.read()).toEqual([]);
    },
  ));
