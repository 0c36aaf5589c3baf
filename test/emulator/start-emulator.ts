/**
 * Starts ministack, with the hooks of this folder, on a free port of the loopback interface, for as long as a test
 * file or a command runs. It ends with the process that started it, whatever ends that, and leaves nothing behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { delimiter, dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pythonPath } from '../../scripts/setup-python.ts';

export type EmulatorOptions = {
  /**
   * Checks signatures and the policies of the roles of functions and state machines. The emulator's own credentials
   * are the account's root. Without it everybody may do everything.
   */
  readonly auth?: boolean;
  /** What Step Functions' waits and pauses between attempts are multiplied by: 1. Timeouts stay as they are. */
  readonly waitScale?: number;
  /** Further variables of ministack. */
  readonly environment?: Readonly<Record<string, string>>;
};

export type Emulator = {
  /** For example `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Of the emulator itself. */
  readonly pid: number;
  /** The end of what it printed, with the logs of functions: for a test that fails. */
  readonly said: () => string;
  /** Returns when it is gone, with all processes and files that were its. */
  readonly stop: () => Promise<void>;
};

const LAUNCHER = fileURLToPath(new URL('launch.py', import.meta.url));
const REGION = 'us-east-1';
/** A loaded machine takes seconds to import it. */
const START_SECONDS = 60;
const STOP_SECONDS = 20;
const LOOK_MS = 50;
const KEPT_CHARACTERS = 200_000;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
};

/** Its output closes when the emulator is gone, and its keeper, which removes what it left. */
const stopProcess = async (child: ChildProcess, closed: Promise<unknown>): Promise<void> => {
  child.kill('SIGTERM');
  const late = pause(STOP_SECONDS * 1000, 'late', { ref: false });
  if ((await Promise.race([closed, late])) === 'late') child.kill('SIGKILL');
  await closed;
};

/** Fails with what the emulator printed, where it does not answer in time. */
export const startEmulator = async (options: EmulatorOptions = {}): Promise<Emulator> => {
  const { auth = false, waitScale = 1, environment = {} } = options;
  const port = await freePort();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const child = spawn(pythonPath('emulator'), [LAUNCHER], {
    // It holds the other end of this stdin, and ends when that closes.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      // Functions run on the Node that runs the tests.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      AUTH: String(auth),
      SFN_WAIT_SCALE: String(waitScale),
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_DEFAULT_REGION: REGION,
      EMULATOR_ENDS_WITH_STDIN: '1',
      ...environment,
    },
  });
  let text = '';
  const listen = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-KEPT_CHARACTERS);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const closed = once(child, 'close');
  const endpoint = `http://127.0.0.1:${port}`;
  const said = (): string => text;
  const stop = (): Promise<void> => stopProcess(child, closed);
  const deadline = performance.now() + START_SECONDS * 1000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the emulator ended with ${child.exitCode}:\n${said()}`);
    try {
      const { ok } = await fetch(`${endpoint}/_ministack/health`);
      if (ok) return { endpoint, region: REGION, credentials, pid: child.pid ?? 0, said, stop };
    } catch {
      // It does not listen yet.
    }
    if (performance.now() > deadline) {
      await stop();
      throw new Error(`the emulator did not answer within ${START_SECONDS} s:\n${said()}`);
    }
    await pause(LOOK_MS);
  }
};
