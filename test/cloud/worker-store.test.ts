import { afterAll, beforeAll, expect, it } from 'vitest';
import { runPytest } from '../../scripts/run-pytest.ts';
import { type Emulator, startEmulator } from '../emulator/start-emulator.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.stop());

it('keeps the conformance suite in Python, on S3 too', async () => {
  const { endpoint, region, credentials } = emulator;
  const said = await runPytest(['tests_cloud'], {
    AWS_ENDPOINT_URL: endpoint,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  expect(said).toMatch(/^\d+ passed/);
});
