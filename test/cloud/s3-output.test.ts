import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim } from '../../functions/contract/claim.ts';
import { StoreError } from '../../functions/contract/errors-store.ts';
import type { Manifest } from '../../functions/contract/manifest.ts';
import { parseS3Uri } from '../../functions/core/s3-uri.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import type { PartSource } from '../../functions/io/output.ts';
import { openS3Output } from '../../functions/io/s3/s3-output.ts';
import { type Emulator, startEmulator } from '../emulator/start-emulator.ts';
import { describeClaimLaws } from '../io/s3/claim-laws.ts';
import { describeDeathLaws } from '../io/s3/death-laws.ts';
import { describeOutputLaws } from '../io/s3/output-laws.ts';
import {
  AT,
  apart,
  manifestOf,
  never,
  type OutputWorld,
  partsOf,
  publish,
  type RequestHook,
  whole,
} from '../io/s3/output-world.ts';
import { describeRunnerLaws } from '../io/s3/runner-laws.ts';
import { announceSeed } from '../oracle/grammar.ts';

const BUCKET = 'results';
const BLOCKS = 'blocks';
const MIB = 1024 ** 2;
const SEED = Number(process.env.DAYBREAK_TEST_SEED ?? Date.now() % 1_000_000);
announceSeed('the output on S3', 1, SEED);

let emulator: Emulator;
let client: S3Client;
let folder: string;

const connect = (hook?: RequestHook): S3Client => {
  const made = new S3Client({
    endpoint: emulator.endpoint,
    region: emulator.region,
    credentials: emulator.credentials,
    forcePathStyle: true,
    // One pool of sockets for all processes of a test.
    ...(client === undefined ? {} : { requestHandler: client.config.requestHandler }),
  });
  if (hook === undefined) return made;
  made.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const what = commandName.replace(/Command$/, '');
        await hook('before', what);
        // An answer that says no is one too.
        try {
          return await next(args);
        } finally {
          await hook('after', what);
        }
      },
    { step: 'initialize', name: 'hook' },
  );
  return made;
};

beforeAll(async () => {
  emulator = await startEmulator();
  client = connect();
  folder = await mkdtemp(join(tmpdir(), 'daybreak-s3-output-'));
  for (const Bucket of [BUCKET, BLOCKS]) await client.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  client?.destroy();
  await emulator?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

const addressOf = (place: string, name: string) => {
  const { bucket, key } = parseS3Uri(place);
  return { Bucket: bucket, Key: key + name };
};

/** Blocks of a store on S3, of which an output asks for nothing but their places. */
const storeOnS3 = { s3Location: (key) => ({ bucket: BLOCKS, key }) } as Partial<ObjectStore> as ObjectStore;
const putBlock = async (key: string, bytes: Uint8Array | string): Promise<PartSource> => {
  await client.send(new PutObjectCommand({ Bucket: BLOCKS, Key: key, Body: bytes }));
  return { store: storeOnS3, key, sizeBytes: bytes.length };
};

const listAt = async (place: string): Promise<Map<string, number>> => {
  const { Bucket, Key: Prefix } = addressOf(place, '');
  const found = new Map<string, number>();
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
    for (const { Key = '', Size = 0 } of page.Contents ?? []) found.set(Key.slice(Prefix.length), Size);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return found;
};

const readAt = async (place: string, name: string): Promise<Uint8Array> => {
  const { Body } = await client.send(new GetObjectCommand(addressOf(place, name)));
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
};

let count = 0;
const world: OutputWorld = {
  newPlace: () => {
    count += 1;
    return `s3://${BUCKET}/case-${count}/out/`;
  },
  open: (place: string, claim: Claim, hook?: RequestHook) =>
    openS3Output(hook === undefined ? client : connect(hook), place, claim),
  source: (text) => putBlock(`b/${encodeURIComponent(text)}`, text),
  put: async (place, name, text) => {
    await client.send(new PutObjectCommand({ ...addressOf(place, name), Body: Buffer.from(text) }));
  },
  remove: async (place, name) => {
    await client.send(new DeleteObjectCommand(addressOf(place, name)));
  },
  tree: async (place) => {
    const names = [...(await listAt(place)).keys()];
    const read = async (name: string) => [name, Buffer.from(await readAt(place, name)).toString()];
    return Object.fromEntries(await Promise.all(names.map(read)));
  },
};

describeOutputLaws(world);
describeClaimLaws(world);
describeRunnerLaws(world, { seed: SEED, strides: [7, 3] });
describeDeathLaws(world);

describe('a reader of an output on S3', () => {
  it('who lists all the while never finds a manifest with a part missing', async () => {
    const place = world.newPlace();
    let isOver = false;
    let found = 0;
    const seen = new Set<string>();
    const read = async (): Promise<void> => {
      while (!isOver) {
        // What was listed between two equal manifests was there while this one stood.
        const [before, listing, after] = [
          await client.send(new GetObjectCommand(addressOf(place, '_manifest.json'))).catch(() => undefined),
          await listAt(place),
          await client.send(new GetObjectCommand(addressOf(place, '_manifest.json'))).catch(() => undefined),
        ];
        const text = await before?.Body?.transformToString();
        await after?.Body?.transformToByteArray();
        if (text === undefined || before?.ETag !== after?.ETag) continue;
        const manifest = JSON.parse(text) as Manifest;
        for (const { name, sizeBytes } of [...manifest.parts, ...manifest.rejects]) {
          expect(listing.get(name), `${name} of ${manifest.job}`).toBe(sizeBytes);
        }
        found += 1;
        seen.add(manifest.job);
      }
    };
    const write = async (): Promise<void> => {
      for (let job = 0; job < 12; job += 1) {
        const publishing = { job: `job-${job}`, mode: 'overwrite' } as const;
        await Promise.all([publish(world, place, publishing), publish(world, place, publishing)]);
      }
      isOver = true;
    };
    await Promise.all([read(), read(), write()]);
    expect(found).toBeGreaterThan(10);
    expect(seen.size).toBeGreaterThan(3);
    expect(apart(await world.tree(place))).toEqual({ rest: whole('job-11'), owner: 'job-11' });
  });
});

describe('the parts of an output on S3', () => {
  const nameOf = (format: string) => `part-000000-one.${format}`;
  const open = async (place: string, options?: Parameters<typeof openS3Output>[3]) => {
    const output = openS3Output(client, place, { job: 'one', at: AT }, options);
    await output.claim({ mode: 'fail', hasEnded: never });
    return output;
  };
  const noise = (bytes: number): Buffer => {
    const noise = Buffer.alloc(bytes);
    for (let index = 0; index + 4 <= bytes; index += 4)
      noise.writeUInt32LE((index * 2_654_435_761) >>> 0, index);
    return noise;
  };
  const uploadsLeft = async (): Promise<number> =>
    (await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads?.length ?? 0;

  it.each([
    ['parquet', 'application/vnd.apache.parquet'],
    ['jsonl', 'application/jsonl'],
    ['csv', 'text/csv; charset=utf-8'],
  ])('say what they are: %s', async (format, expected) => {
    const place = world.newPlace();
    const path = join(folder, 'block');
    await writeFile(path, 'text');
    const local = { store: { localPath: () => path } as Partial<ObjectStore> as ObjectStore, key: 'b' };
    for (const source of [await putBlock('b/text', 'text'), { ...local, sizeBytes: 4 }]) {
      const output = await open(place);
      await output.addPart(nameOf(format), source);
      const head = await client.send(new HeadObjectCommand(addressOf(place, nameOf(format))));
      expect(head.ContentType).toBe(expected);
      await output.release();
    }
  });

  it('are copied in ranges above a limit, byte for byte', async () => {
    const place = world.newPlace();
    const bytes = noise(12 * MIB + 3);
    const source = await putBlock('b/large', bytes);
    const output = await open(place, { copyLimits: { wholeBytes: 6 * MIB, partBytes: 5 * MIB } });
    await output.addPart(nameOf('parquet'), source);
    expect(Buffer.compare(await readAt(place, nameOf('parquet')), bytes)).toBe(0);
    const head = await client.send(new HeadObjectCommand(addressOf(place, nameOf('parquet'))));
    expect(head.ContentType).toBe('application/vnd.apache.parquet');
    // The number behind the hyphen is that of the ranges.
    expect(head.ETag).toMatch(/-3"$/);
    expect(await uploadsLeft()).toBe(0);
  });

  it('of a local store are uploaded, whole or in parts, byte for byte', async () => {
    const place = world.newPlace();
    const output = await open(place);
    for (const [name, size] of [
      ['part-000000-one.parquet', 0],
      ['part-000001-one.parquet', 1 * MIB + 1],
      ['part-000002-one.parquet', 40 * MIB + 1],
    ] as const) {
      const path = join(folder, name);
      const bytes = noise(size);
      await writeFile(path, bytes);
      const store = { localPath: () => path } as Partial<ObjectStore> as ObjectStore;
      await output.addPart(name, { store, key: 'b', sizeBytes: bytes.length });
      expect(Buffer.compare(await readAt(place, name), bytes), name).toBe(0);
    }
    expect(await uploadsLeft()).toBe(0);
  });

  it('fail with StoreError where the block is gone or has other bytes, and leave nothing', async () => {
    const place = world.newPlace();
    const output = await open(place, { copyLimits: { wholeBytes: 6 * MIB, partBytes: 5 * MIB } });
    const path = join(folder, 'short');
    await writeFile(path, 'short');
    const local = { localPath: () => path } as Partial<ObjectStore> as ObjectStore;
    for (const source of [
      { store: storeOnS3, key: 'b/gone', sizeBytes: 4 },
      { store: storeOnS3, key: 'b/gone', sizeBytes: 7 * MIB },
      { store: local, key: 'b', sizeBytes: 5, sha256: '0'.repeat(64) },
    ]) {
      await expect(output.addPart(nameOf('parquet'), source)).rejects.toThrow(StoreError);
    }
    expect([...(await listAt(place)).keys()]).toEqual(['_daybreak.json']);
    expect(await uploadsLeft()).toBe(0);
  });

  it('stand under any prefix, beside names that look like it', async () => {
    for (const prefix of ['', 'a b', '=+%', 'o\'r "(é)[ñ]{∑}', '%2F/%20', 'x&y=z?#;,@:!$*~|^`<>']) {
      count += 1;
      const Bucket = `any-${count}`;
      await client.send(new CreateBucketCommand({ Bucket }));
      const place = prefix === '' ? `s3://${Bucket}/` : `s3://${Bucket}/${prefix}/`;
      await publish(world, place, { job: 'one', mode: 'fail' });
      await publish(world, place, { job: 'two', mode: 'overwrite' });
      expect(apart(await world.tree(place)), prefix).toEqual({ rest: whole('two'), owner: 'two' });
    }
  });

  it('may be more than a page of a listing holds, and are replaced all', async () => {
    const place = world.newPlace();
    const source = await putBlock('b/one', partsOf('many')['part-000000-many.parquet'] ?? '');
    const {
      parts: [part],
      ...manifest
    } = manifestOf('many');
    if (part === undefined) throw new Error('a manifest has parts');
    const names = Array.from(
      { length: 1050 },
      (_, task) => `part-${String(task).padStart(6, '0')}-many.parquet`,
    );
    const output = openS3Output(client, place, { job: 'many', at: AT });
    await output.claim({ mode: 'fail', hasEnded: never });
    const pending = [...names];
    const add = async (): Promise<void> => {
      for (let name = pending.pop(); name !== undefined; name = pending.pop())
        await output.addPart(name, source);
    };
    await Promise.all(Array.from({ length: output.copiesAtOnce }, add));
    const parts = names.map((name) => ({ ...part, name, rows: 0 }));
    await output.finish({ ...manifest, rows: 0, parts, rejects: [] }, 'fail');
    expect((await listAt(place)).size).toBe(1052);
    await publish(world, place, { job: 'new', mode: 'overwrite' });
    expect(apart(await world.tree(place))).toEqual({ rest: whole('new'), owner: 'new' });
  });
});

describe('a bucket that is not there', () => {
  it('is named by the error, for each call', async () => {
    const output = openS3Output(client, 's3://no-such-bucket/out/', { job: 'one', at: AT });
    const claiming = output.claim({ mode: 'fail', hasEnded: never });
    await expect(claiming).rejects.toThrow(StoreError);
    await expect(claiming).rejects.toThrow(/s3:\/\/no-such-bucket\/out\/.*there is no such bucket/);
  });
});
