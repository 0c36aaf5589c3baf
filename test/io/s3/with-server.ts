import type { S3Client } from '@aws-sdk/client-s3';
import { createS3Client, type S3ClientOptions } from '../../../functions/io/s3/s3-client.ts';
import { type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

/** So that tests that use up all tries end soon. */
const ATTEMPTS = 3;

/** A client whose S3 is a script, for as long as `use` runs. */
export const withServer = async <Result>(
  script: Script,
  use: (client: S3Client, server: ScriptedServer) => Promise<Result>,
  options: S3ClientOptions = {},
): Promise<Result> => {
  const server = await startScriptedServer(script);
  const client = createS3Client({
    region: 'us-east-1',
    endpoint: server.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: ATTEMPTS,
    ...options,
  });
  try {
    const result = await use(client, server);
    const failure = server.failure();
    if (failure !== undefined) throw failure;
    return result;
  } finally {
    client.destroy();
    await server.stop();
  }
};
