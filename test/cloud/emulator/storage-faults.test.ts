/** S3 in the emulator goes wrong as tests order, in the ways in which AWS's does now and then. */
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clearFaults, listFaults, orderFault, type S3Fault } from '../../emulator/emulator-door.ts';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';

const BUCKET = 'faulty';

let emulator: Emulator;
/** One try, so that each fault is seen. */
let once: S3Client;
let patient: S3Client;

beforeAll(async () => {
  emulator = await startEmulator();
  once = new S3Client({ ...emulator, forcePathStyle: true, maxAttempts: 1 });
  patient = new S3Client({ ...emulator, forcePathStyle: true });
  await once.send(new CreateBucketCommand({ Bucket: BUCKET }));
});
afterAll(() => emulator.stop());
afterEach(() => clearFaults(emulator));

const put = (key: string, client = once) =>
  client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'x', IfNoneMatch: '*' }));
const order = (fault: Omit<S3Fault, 'target'>) => orderFault(emulator, { target: 's3', ...fault });
const exists = async (key: string): Promise<boolean> => {
  const { Contents = [] } = await once.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: key }));
  return Contents.length > 0;
};

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
describe('a request', () => {
  it.each([
    ['slow-down', 503, 'SlowDown'],
    ['internal-error', 500, 'InternalError'],
    ['conflict', 409, 'ConditionalRequestConflict'],
  ] as const)('meets %s as %i and is not done', async (kind, httpStatusCode, name) => {
    await order({ kind, operation: 'PutObject', key: 'a/*' });
    await expect(put(`a/${kind}`)).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
    expect(await exists(`a/${kind}`)).toBe(false);
    await put(`a/${kind}`);
  });

  it('loses its answer and is done, so that the same again finds it there', async () => {
    await order({ kind: 'lose-answer', operation: 'PutObject' });
    await expect(put('lost')).rejects.toThrow(/socket hang up|ECONNRESET/);
    await expect(put('lost')).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });

  it('is dropped and not done', async () => {
    await order({ kind: 'drop', operation: 'PutObject' });
    await expect(put('dropped')).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect(await exists('dropped')).toBe(false);
  });

  it('is late by the seconds ordered', async () => {
    await put('late');
    await order({ kind: 'delay', operation: 'HeadObject', afterSeconds: 0.3 });
    const began = performance.now();
    await once.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'late' }));
    expect(performance.now() - began).toBeGreaterThanOrEqual(290);
  });

  it('goes well after as many as the SDK tries again', async () => {
    const { id } = await order({ kind: 'slow-down', operation: '*Object', key: 'patient', times: 2 });
    await put('patient', patient);
    expect((await listFaults(emulator)).find((fault) => fault.id === id)).toMatchObject({
      hits: 2,
      times: 0,
    });
  });

  it('meets no fault of another operation, bucket or key', async () => {
    await order({ kind: 'slow-down', operation: 'GetObject' });
    await order({ kind: 'slow-down', key: 'else' });
    await order({ kind: 'slow-down', bucket: 'else' });
    await put('spared');
    expect((await listFaults(emulator)).map(({ hits }) => hits)).toEqual([0, 0, 0]);
    await expect(once.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'spared' }))).rejects.toThrow();
  });
});
