/** Law: the built command reads `s3://` inputs as the environment says, with modules and in worker processes too. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { runDaybreak } from '../flow/daybreak-process.ts';
import { judgeOutput, outputRows, writeSpec } from '../flow/job-folder.ts';
import { openBucket, type RemoteBucket } from './remote-bucket.ts';

const BUCKET = 'remote-command';
const ROWS = 6_000;

let remote: RemoteBucket;
let folder: string;
beforeAll(async () => {
  remote = await openBucket(BUCKET);
  const lines = Array.from({ length: ROWS }, (_, id) => `{"id":${id},"text":"  Text ${id % 3}"}\n`);
  await remote.put('in/a.jsonl', lines.slice(0, 5_000).join(''));
  await remote.put('in/b c.jsonl', lines.slice(5_000).join(''));
});
afterAll(() => remote.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-remote-command-'));
  return () => rm(folder, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({
  AWS_ENDPOINT_URL: remote.emulator.endpoint,
  AWS_ACCESS_KEY_ID: remote.emulator.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: remote.emulator.credentials.secretAccessKey,
  // Nothing of the machine that the test runs on.
  AWS_REGION: '',
  AWS_PROFILE: '',
  AWS_CONFIG_FILE: join(folder, 'none'),
  AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
  AWS_EC2_METADATA_DISABLED: 'true',
});

const spec = async (): Promise<string> => {
  await writeFile(
    join(folder, 'tidy.ts'),
    'export default ({ id, text }) => ({ id, text: text.trim().toLowerCase() });\n',
  );
  return writeSpec(folder, {
    input: { uri: `s3://${BUCKET}/in/` },
    steps: [
      { map: { module: 'tidy.ts', output: { id: 'BIGINT', text: 'VARCHAR' } } },
      { group_by: { keys: ['text'], aggregates: { rows: 'count(*)', last: 'max(id)' } } },
    ],
    output: { uri: join(folder, 'out'), format: 'parquet' },
  });
};

it('runs a job with a module over objects, in several worker processes', async () => {
  const args = ['run', await spec(), '--json', '--map-tasks', '4', '--reduce-tasks', '2', '--threads', '2'];
  const { exitCode, stderr } = await runDaybreak(args, { cwd: folder, env: environment() });
  expect(exitCode, stderr).toBe(0);
  expect(judgeOutput(join(folder, 'out'))?.rows).toBe(3);
  expect(await outputRows(join(folder, 'out'))).toEqual(
    [0, 1, 2].map((text) => ({ text: `text ${text}`, rows: '2000', last: String(ROWS - 3 + text) })),
  );
});

it('plans a job over objects, with their addresses', async () => {
  const { exitCode, stdout, stderr } = await runDaybreak(['plan', await spec(), '--json'], {
    cwd: folder,
    env: environment(),
  });
  expect(exitCode, stderr).toBe(0);
  expect(JSON.parse(stdout).plan.input.files).toMatchObject([
    { path: `s3://${BUCKET}/in/a.jsonl`, etag: expect.stringMatching(/^".*"$/) },
    { path: `s3://${BUCKET}/in/b c.jsonl` },
  ]);
  expect(stdout).not.toContain('scratch');
});

it('fails by name where the bucket is missing, and where nobody has credentials', async () => {
  const args = ['run', await spec(), '--input', 's3://no-such-bucket-here/x.csv'];
  const missing = await runDaybreak(args, { cwd: folder, env: environment() });
  expect(missing).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('there is no bucket') });
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...anonymous } = environment();
  const refused = await runDaybreak(args, { cwd: folder, env: anonymous });
  expect(refused).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('no AWS credentials were found'),
  });
});
