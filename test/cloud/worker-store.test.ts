import { afterAll, beforeAll, expect, it } from 'vitest';
import { runPytest } from '../../scripts/run-pytest.ts';
import { type Emulator, startEmulator } from '../emulator/start-emulator.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.stop());

const onEmulator = (file: string): Promise<string> => {
  const { endpoint, region, credentials } = emulator;
  return runPytest([`tests_cloud/${file}`], {
    AWS_ENDPOINT_URL: endpoint,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
};

it('keeps the conformance suite in Python, on S3 too', async () => {
  expect(await onEmulator('test_s3_store.py')).toMatch(/^\d+ passed/);
});

it('takes a stage in a bucket through a model that lies in one', async () => {
  expect(await onEmulator('test_worker_on_s3.py')).toMatch(/^\d+ passed/);
});
