/** A bucket of the emulator for a test file, and what its requests brought. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { mapBounded } from '../../functions/io/map-bounded.ts';
import { createS3Client } from '../../functions/io/s3/s3-client.ts';
import { type Emulator, startEmulator } from '../emulator/start-emulator.ts';

const PUTS_AT_ONCE = 16;

export type RemoteBucket = {
  readonly client: S3Client;
  readonly emulator: Emulator;
  readonly bucket: string;
  readonly put: (key: string, body: string | Uint8Array) => Promise<void>;
  /** Puts every file below a folder under its path from there. */
  readonly putFolder: (folder: string, prefix: string) => Promise<void>;
  /** Bytes of bodies that came, and requests that went out, since the last call. */
  readonly takeCounts: () => { readonly bytes: number; readonly requests: number };
  readonly stop: () => Promise<void>;
};

export const openBucket = async (bucket: string): Promise<RemoteBucket> => {
  const emulator = await startEmulator();
  const client = createS3Client(emulator);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const counts = { bytes: 0, requests: 0 };
  client.middlewareStack.add(
    (next) => async (args) => {
      counts.requests += 1;
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      counts.bytes += Number(headers?.['content-length'] ?? 0);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'daybreakCountBytes' },
  );
  const put = async (key: string, body: string | Uint8Array): Promise<void> => {
    await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: Buffer.byteLength(body) }),
    );
  };
  return {
    client,
    emulator,
    bucket,
    put,
    putFolder: async (folder, prefix) => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      await mapBounded(files, PUTS_AT_ONCE, async (entry) => {
        const path = join(entry.parentPath, entry.name);
        await put(`${prefix}${path.slice(folder.length + 1)}`, await readFile(path));
      });
    },
    takeCounts: () => {
      const taken = { ...counts };
      counts.bytes = 0;
      counts.requests = 0;
      return taken;
    },
    stop: async () => {
      client.destroy();
      await emulator.stop();
    },
  };
};
