/** The conformance suite on S3: as it is, and with its faults on HTTP, which the SDK's own retries meet. */
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3Client } from '../../functions/io/s3/s3-client.ts';
import { openS3Store } from '../../functions/io/s3/s3-store.ts';
import { runStoreCase } from '../conformance/run-store-cases.ts';
import { readStoreCases, type Step } from '../conformance/store-case.ts';
import { type Emulator, startEmulator } from '../emulator/start-emulator.ts';
import { type FaultReach, playOnHttp } from './play-faults.ts';

let emulator: Emulator;
let client: S3Client;
beforeAll(async () => {
  emulator = await startEmulator();
  client = createS3Client(emulator);
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

let buckets = 0;
/** Cases share no bucket, for their keys are the same. */
const openBucket = async (): Promise<string> => {
  buckets += 1;
  const bucket = `conformance-${buckets}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return bucket;
};

const suite = readStoreCases();
const named = (cases: typeof suite.cases) => cases.map((each) => [each.name, each] as const);
const flatten = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) => [step, ...flatten(step.steps ?? []), ...flatten((step.actors ?? []).flat())]);
const hasFaults = (step: Step): boolean => (step.faults ?? []).length > 0;
const isError = (expected: unknown): boolean =>
  typeof expected === 'object' && expected !== null && 'error' in expected;

const faulty = suite.cases.filter(({ steps }) => flatten(steps).some(hasFaults));
/** What the caller is to hear of, the SDK would get over. */
const survivable = faulty.filter(
  ({ steps }) => !flatten(steps).some((step) => hasFaults(step) && isError(step.expect)),
);

describe.concurrent('the conformance suite on S3', () => {
  it.for(named(suite.cases))('%s', async ([, each], { expect }) => {
    const store = openS3Store(client, { bucket: await openBucket() });
    await expect(runStoreCase({ store }, suite, each)).resolves.toBeUndefined();
  });
});

/** How many of the faults were met: those of a request that a step did not make are not. */
const playAt = async (reach: FaultReach, each: (typeof suite.cases)[number]): Promise<number> => {
  const bucket = await openBucket();
  const { playFaults, countMet } = playOnHttp({ endpoint: emulator.endpoint, bucket, reach });
  await runStoreCase({ store: openS3Store(client, { bucket }), playFaults }, suite, each);
  return countMet();
};

describe.concurrent('its faults on HTTP, of every try that the SDK makes', () => {
  it.for(named(faulty))('%s', async ([, each], { expect }) => {
    expect(await playAt('each-try', each)).toBeGreaterThan(0);
  });
});

describe.concurrent('its faults on HTTP, of the first try alone', () => {
  it.for(named(survivable))('%s', async ([, each], { expect }) => {
    expect(await playAt('first-try', each)).toBeGreaterThan(0);
  });
});

describe('the suite on S3', () => {
  it('plays most of its faults in both ways', () => {
    expect(faulty.length).toBeGreaterThan(25);
    expect(survivable.length).toBeGreaterThan(15);
  });

  it('fails a store that forgets that something is there', async () => {
    const results = [];
    for (const each of suite.cases.filter(({ needs }) => needs === 'law')) {
      const store = openS3Store(client, { bucket: await openBucket() });
      const forgetful = {
        ...store,
        putIfAbsent: async (key: string, value: Uint8Array) => {
          await store.put(key, value);
          return 'created' as const;
        },
      };
      results.push(
        await runStoreCase({ store: forgetful }, suite, each).then(
          () => 'passed',
          () => 'failed',
        ),
      );
    }
    expect(results.filter((result) => result === 'failed').length).toBeGreaterThan(20);
  });
});
