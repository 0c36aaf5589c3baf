/** What the store on S3 does about answers that are lost, late, cut off or wrong: a script between the SDK and S3. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mapBounded } from '../../functions/io/map-bounded.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { createS3Client } from '../../functions/io/s3/s3-client.ts';
import { openS3Store } from '../../functions/io/s3/s3-store.ts';
import { type Emulator, startEmulator } from '../emulator/start-emulator.ts';
import { findSignatureFault } from '../io/s3/judge-signature.ts';
import {
  errorReply,
  forwardTo,
  type Reply,
  type Script,
  type SeenRequest,
} from '../io/s3/scripted-server.ts';
import { withServer } from '../io/s3/with-server.ts';

/** The smallest parts that S3 takes. */
const SIZES = { singlePutBytes: 6 * 2 ** 20, partBytes: 5 * 2 ** 20 };
const large = randomBytes(12 * 2 ** 20);

let emulator: Emulator;
let client: S3Client;
let folder: string;
beforeAll(async () => {
  emulator = await startEmulator();
  client = createS3Client(emulator);
  folder = await mkdtemp(join(tmpdir(), 'daybreak-faults-'));
  await writeFile(join(folder, 'large'), large);
  await writeFile(join(folder, 'small'), 'small');
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
  await rm(folder, { recursive: true });
});

let buckets = 0;
let bucket: string;
/** Without faults. */
let clean: ObjectStore;
beforeEach(async () => {
  buckets += 1;
  bucket = `faults-${buckets}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  clean = openS3Store(client, { bucket });
});

type Forward = (request: SeenRequest) => Promise<Exclude<Reply, 'none'>>;
const withFaults = <Result>(
  script: (request: SeenRequest, forward: Forward) => ReturnType<Script>,
  use: (store: ObjectStore, seen: readonly SeenRequest[]) => Promise<Result>,
): Promise<Result> => {
  const forward = forwardTo(emulator.endpoint);
  return withServer(
    (request) => script(request, forward),
    (faulty, { seen }) => use(openS3Store(faulty, { bucket, uploadSizes: SIZES }), seen),
  );
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array | undefined): string | undefined =>
  found === undefined ? undefined : new TextDecoder().decode(found);
const isSame = (found: Uint8Array | undefined, expected: Uint8Array): boolean =>
  found !== undefined && Buffer.compare(found, expected) === 0;
const keysOf = async (store: ObjectStore, prefix = ''): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
};
const uploadsLeft = async (): Promise<number> =>
  (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads?.length ?? 0;
const isPart = ({ url }: SeenRequest, number: number): boolean => url.includes(`partNumber=${number}`);
const isComplete = ({ method, url }: SeenRequest): boolean => method === 'POST' && url.includes('uploadId=');

describe('a file in parts', () => {
  it('becomes an object at once, with no upload left', async () => {
    const store = openS3Store(client, { bucket, uploadSizes: SIZES });
    await store.putFile('b/00/x', join(folder, 'large'));
    expect(isSame(await store.get('b/00/x'), large)).toBe(true);
    expect(await store.sums('b/00/x')).toEqual({ sizeBytes: large.length, sha256: undefined });
    expect(await uploadsLeft()).toBe(0);
  });

  it('arrives whole where each request is lost, away or cut off once', () =>
    withFaults(
      async (request, forward) => {
        if (request.attempt > 1) return forward(request);
        if (isPart(request, 1)) return 'none';
        if (isPart(request, 2)) return errorReply(503, 'ServiceUnavailable');
        const reply = await forward(request);
        return isPart(request, 3) ? 'none' : reply;
      },
      async (store, seen) => {
        await store.putFile('b/00/x', join(folder, 'large'));
        expect(seen.filter(({ attempt }) => attempt > 1).length).toBe(3);
        // What the script answered by itself it has not read.
        const whole = seen.filter(
          (request) => request.attempt > 1 || !(isPart(request, 1) || isPart(request, 2)),
        );
        for (const request of whole) expect(await findSignatureFault(request, 'test')).toBeUndefined();
        expect(isSame(await clean.get('b/00/x'), large)).toBe(true);
        expect(await uploadsLeft()).toBe(0);
      },
    ));

  it('leaves the object before it, and no upload, where a part fails for good', async () => {
    await clean.put('b/00/x', bytes('before'));
    await withFaults(
      (request, forward) => (isPart(request, 2) ? errorReply(503, 'ServiceUnavailable') : forward(request)),
      async (store) => {
        const put = store.putFile('b/00/x', join(folder, 'large'));
        await expect(put).rejects.toMatchObject({ name: 'StoreError', isUnknown: true });
      },
    );
    expect(text(await clean.get('b/00/x'))).toBe('before');
    expect(await uploadsLeft()).toBe(0);
  });

  it('is known to be there where the reply to its completion was lost', () =>
    withFaults(
      async (request, forward) => {
        const reply = await forward(request);
        return isComplete(request) && request.attempt === 1 ? 'none' : reply;
      },
      async (store, seen) => {
        await store.putFile('b/00/x', join(folder, 'large'));
        expect(seen.filter(isComplete).length).toBe(2);
        expect(isSame(await clean.get('b/00/x'), large)).toBe(true);
      },
    ));

  it('fails where its upload is gone and another object stands there', () =>
    withFaults(
      async (request, forward) => {
        if (isComplete(request)) {
          const UploadId = new URLSearchParams(request.url.split('?')[1]).get('uploadId') ?? '';
          await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: 'b/00/x', UploadId }));
          await clean.put('b/00/x', bytes('another'));
        }
        return forward(request);
      },
      async (store) => {
        await expect(store.putFile('b/00/x', join(folder, 'large'))).rejects.toMatchObject({
          name: 'StoreError',
        });
        expect(text(await clean.get('b/00/x'))).toBe('another');
      },
    ));
});

describe('a file in one request', () => {
  it('is put again where the reply was lost, and has its SHA-256', () =>
    withFaults(
      async (request, forward) => {
        const reply = await forward(request);
        return request.attempt === 1 ? 'none' : reply;
      },
      async (store, seen) => {
        await store.putFile('b/00/x', join(folder, 'small'));
        expect(seen.length).toBe(2);
        expect(text(await clean.get('b/00/x'))).toBe('small');
        expect((await clean.sums('b/00/x'))?.sha256).toMatch(/^[0-9a-f]{64}$/u);
      },
    ));

  it('is refused where its bytes are not of the SHA-256 that its writer gave', async () => {
    const put = clean.putFile('b/00/x', join(folder, 'small'), '00'.repeat(32));
    await expect(put).rejects.toMatchObject({ name: 'StoreError', isUnknown: false });
    expect(await clean.head('b/00/x')).toBeUndefined();
  });
});

describe('an object that is read', () => {
  it.each<[string, (reply: Exclude<Reply, 'none'>) => Reply]>([
    ['cut off', (reply) => ({ ...reply, cutAfterBytes: 5 })],
    ['of a wrong byte', (reply) => ({ ...reply, body: Buffer.from('the bytez of it') })],
    ['late for ever', () => 'none'],
  ])('is read again where it comes %s', async (_, spoil) => {
    await clean.put('a', bytes('the bytes of it'));
    await withFaults(
      async (request, forward) => {
        const reply = await forward(request);
        return request.attempt === 1 ? spoil(reply) : reply;
      },
      async (store) => {
        expect(text(await store.get('a'))).toBe('the bytes of it');
      },
    );
    await withFaults(
      async (request, forward) => spoil(await forward(request)),
      async (store, seen) => {
        await expect(store.get('a')).rejects.toMatchObject({ name: 'StoreError', isUnknown: true });
        expect(seen.length).toBe(3);
      },
    );
  });

  it('may be forbidden, which is not absent', () =>
    withFaults(
      ({ method }) => (method === 'HEAD' ? { status: 403 } : errorReply(403, 'AccessDenied')),
      async (store) => {
        const reads = [
          () => store.get('a'),
          () => store.head('a'),
          () => store.sums('a'),
          () => store.getRange('a', 0, 1),
          () => store.getRange('a', 0, 0),
        ];
        for (const read of reads)
          await expect(read()).rejects.toThrow(/permission is denied.*it was not done$/u);
      },
    ));

  it('may be in a bucket that is not there, which is not absent', async () => {
    const store = openS3Store(client, { bucket: 'no-such-bucket' });
    const asks = [
      () => store.get('a'),
      () => store.getRange('a', 0, 1),
      () => store.put('a', bytes('x')),
      () => store.putFile('a', join(folder, 'small')),
      () => keysOf(store),
    ];
    for (const ask of asks) await expect(ask()).rejects.toThrow(/there is no such bucket; it was not done$/u);
  });
});

describe('a conditional put', () => {
  it.each([200, 400, 409, 500])(
    'is told that something stands in the status %i too, by the code',
    async (status) => {
      await clean.put('a', bytes('first'));
      await withFaults(
        async (request, forward) => ({ ...(await forward(request)), status }),
        async (store) => {
          // A 200 with an error in its body is one that S3 has sent for other writes.
          expect(await store.putIfAbsent('a', bytes('second'))).toBe('exists');
        },
      );
    },
  );

  it('gets over a store that asks to slow down', () =>
    withFaults(
      (request, forward) => (request.attempt === 1 ? errorReply(503, 'SlowDown') : forward(request)),
      async (store, seen) => {
        expect(await store.putIfAbsent('a', bytes('x'))).toBe('created');
        expect(seen.length).toBe(2);
      },
    ));

  it('is told by a conflict that nothing is known, without a second try of the SDK', () =>
    withFaults(
      () => errorReply(409, 'ConditionalRequestConflict'),
      async (store, seen) => {
        const put = store.putIfAbsent('a', bytes('x'));
        await expect(put).rejects.toMatchObject({ name: 'StoreError', isUnknown: true });
        expect(seen.length).toBe(1);
      },
    ));
});

describe('more keys than S3 takes at once', () => {
  const COUNT = 1_005;
  const keys = Array.from({ length: COUNT }, (_, index) => `many/${`${index}`.padStart(4, '0')}`);
  const putMany = (): Promise<unknown> =>
    mapBounded(keys, 16, (Key) => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' })));
  const isDelete = ({ method, url }: SeenRequest): boolean => method === 'POST' && url.includes('delete');

  it('are listed and deleted page by page, though a page is lost and keys fail for a while', async () => {
    await putMany();
    await clean.put('manx', bytes('x'));
    let isSpoiled = false;
    await withFaults(
      async (request, forward) => {
        const reply = await forward(request);
        if (!isDelete(request)) return request.attempt === 1 ? 'none' : reply;
        if (isSpoiled) return reply;
        isSpoiled = true;
        return {
          ...reply,
          body: '<DeleteResult><Error><Key>many/0001</Key><Code>InternalError</Code></Error></DeleteResult>',
        };
      },
      async (store, seen) => {
        expect(await keysOf(store, 'many/')).toEqual(keys);
        await store.deletePrefix('many/');
        expect(seen.filter(isDelete).map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
      },
    );
    expect(await keysOf(clean)).toEqual(['manx']);
  });

  it('fail by the name of one that is left', async () => {
    await clean.put('many/a', bytes('x'));
    await withFaults(
      async (request, forward) => {
        if (!isDelete(request)) return forward(request);
        return {
          status: 200,
          body: '<DeleteResult><Error><Key>many/a</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>',
        };
      },
      async (store, seen) => {
        await expect(store.deletePrefix('many/')).rejects.toThrow(
          'the store could not delete many/a: 1 keys are left, this one with AccessDenied (no); it was not done',
        );
        expect(seen.filter(isDelete).length).toBe(1);
      },
    );
  });
});

it('gives folders in the order of their names, not of S3', async () => {
  for (const key of ['a-b/x', 'a/x', 'a.b/x', 'a-b-c/x', 'a', '.hidden/x', 'with space/x'])
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: `f/${key}`, Body: 'x' }));
  const names: string[] = [];
  for await (const name of clean.listFolders('f/')) names.push(name);
  expect(names).toEqual(['a', 'a-b', 'a-b-c', 'a.b']);
  expect(await keysOf(clean, 'f/')).toEqual(['f/a', 'f/a-b-c/x', 'f/a-b/x', 'f/a.b/x', 'f/a/x']);
});
