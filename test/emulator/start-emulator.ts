/** Starts ministack on a free port of the loopback interface, for as long as a test file or a command runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pythonPath } from '../../scripts/setup-python.ts';

export type Emulator = {
  /** For example `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly stop: () => Promise<void>;
};

const LAUNCHER = fileURLToPath(new URL('launch.py', import.meta.url));
const REGION = 'us-east-1';
/** A loaded machine takes seconds to import it. */
const START_SECONDS = 60;
const LOOK_MS = 50;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
};

/** Fails with what the emulator printed, where it does not answer in time. */
export const startEmulator = async (
  environment: Readonly<Record<string, string>> = {},
): Promise<Emulator> => {
  const port = await freePort();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const child = spawn(pythonPath('emulator'), [LAUNCHER], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_DEFAULT_REGION: REGION,
      ...environment,
    },
  });
  let said = '';
  const listen = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-20_000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const gone = once(child, 'exit');
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await gone;
  };
  const deadline = performance.now() + START_SECONDS * 1000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the emulator ended with ${child.exitCode}:\n${said}`);
    try {
      const { ok } = await fetch(`${endpoint}/_ministack/health`);
      if (ok) return { endpoint, region: REGION, credentials, stop };
    } catch {
      // It does not listen yet.
    }
    if (performance.now() > deadline) {
      await stop();
      throw new Error(`the emulator did not answer within ${START_SECONDS} s:\n${said}`);
    }
    await pause(LOOK_MS);
  }
};
