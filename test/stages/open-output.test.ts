import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { SpecError } from '../../functions/contract/errors.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { parseSpec } from '../../functions/io/spec/parse-spec.ts';
import { openOutput } from '../../functions/stages/open-output.ts';
import { requireOutputApart } from '../../functions/stages/require-output-apart.ts';

const AT = '2026-11-22T00:00:00.000Z';
const s3 = new S3Client({
  region: 'us-east-1',
  credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
});
const onFiles = { localPath: (key) => `/srv/.daybreak/${key}` } as Partial<ObjectStore> as ObjectStore;
const onS3 = {
  localPath: () => undefined,
  s3Location: (key) => ({ bucket: 'blocks', key }),
} as Partial<ObjectStore> as ObjectStore;

const jobWith = (output: string, input: string | readonly string[] = 's3://acme/in/') => ({
  job: 'one',
  submittedAt: AT,
  spec: parseSpec(JSON.stringify({ name: 'one', input: { uri: input }, output: { uri: output } }), {
    file: 'job.json',
  }),
});

describe('the output of a job', () => {
  it.each([
    ['s3://acme/out', 's3://acme/out/'],
    ['S3://acme/a/b/', 's3://acme/a/b/'],
    ['s3://acme', 's3://acme/'],
  ])('is on S3 where its address says so: %s', async (uri, place) => {
    expect((await openOutput({ store: onFiles, s3 }, jobWith(uri))).place).toBe(place);
  });

  it('is on files otherwise', async () => {
    expect((await openOutput({ store: onFiles }, jobWith('/srv/s3:/out'))).place).toBe('/srv/s3:/out');
  });

  it('fails where an address on S3 meets no client for it', async () => {
    await expect(openOutput({ store: onFiles }, jobWith('s3://acme/out'))).rejects.toThrow(
      'the output s3://acme/out needs a client for S3',
    );
  });

  it.each(['s3://acme//out', 's3://acme/../out', 's3://x/out', `s3://acme/${'long/'.repeat(200)}`])(
    'fails with SpecError where the address is none: %s',
    async (uri) => {
      const opening = openOutput({ store: onFiles, s3 }, jobWith(uri));
      await expect(opening).rejects.toThrow(SpecError);
      await expect(opening).rejects.toThrow(/output.uri: (expected s3:|a prefix of at most 864 bytes)/);
    },
  );
});

describe('an output on S3', () => {
  const judge = (
    output: string,
    { input = 's3://acme/in/', files = ['s3://acme/in/a.csv'], store = onS3 } = {},
  ): Promise<void> =>
    requireOutputApart(
      { store, s3, reserved: ['s3://data/inbox/'] },
      { job: jobWith(output, input), files, baseDir: '/' },
    );

  it.each([
    ['beside the input', 's3://acme/out', {}],
    ['beside the inbox', 's3://data/results/', {}],
    [
      'of a job that reads files',
      's3://acme/out',
      { input: '/srv/in', files: ['/srv/in/a.csv'], store: onFiles },
    ],
  ])('may be %s', async (_, output, given) => {
    await expect(judge(output, given)).resolves.toBeUndefined();
  });

  it.each([
    ['in the bucket of the state', 's3://blocks/out', {}, /the bucket of the state s3:\/\/blocks lie in/],
    ['in the inbox', 's3://data/inbox/out', {}, /s3:\/\/data\/inbox lie in one another/],
    ['above the inbox', 's3://data', {}, /s3:\/\/data\/inbox lie in one another/],
    [
      'where it would replace the input',
      'S3://acme/in',
      {},
      /would replace the input file s3:\/\/acme\/in\/a.csv/,
    ],
    ['where the job reads', 's3://acme/in/out', {}, /lies where s3:\/\/acme\/in\/ is read/],
    ['where a pattern reads', 's3://acme/x/out', { input: 'S3://acme/**/*.parquet', files: [] }, /is read/],
  ])('is refused %s', async (_, output, given, message) => {
    await expect(judge(output, given)).rejects.toThrow(SpecError);
    await expect(judge(output, given)).rejects.toThrow(message);
  });
});
