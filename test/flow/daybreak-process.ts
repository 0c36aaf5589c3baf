/** The built command as a child process of a flow test: bounded in time and memory, with its peak of memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
/** The Node of the project; the one that runs vitest may be older. */
export const NODE = join(root, 'node_modules/.bin/node');
export const COMMAND = join(root, 'dist/daybreak.js');

/** Long against every job of these tests, short against a hang. */
const LIMIT_SECONDS = 60;
/** Above what any small job needs; a test of hostile input states its own. */
const LIMIT_BYTES = 3e9;
/** Short against a process of 0.2 s; the kernel keeps the high-water mark between two looks. */
const LOOK_MS = 10;

export type DaybreakOptions = {
  /** The folder to run in; the work folder is `.daybreak` in it unless the arguments say otherwise. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly limitSeconds?: number;
  readonly limitBytes?: number;
};

export type Ended = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** High-water mark of resident memory. */
  readonly peakRssBytes: number;
};

export type Started = { readonly child: ChildProcess; readonly ended: Promise<Ended> };

const highWaterBytes = (pid: number): number => {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    // The process ended between two looks.
    return 0;
  }
};

/** Starts any program; `ended` rejects where it takes more time or memory than its limits. */
export const startProcess = (program: string, args: readonly string[], options: DaybreakOptions): Started => {
  const { limitSeconds = LIMIT_SECONDS, limitBytes = LIMIT_BYTES } = options;
  const startedAt = performance.now();
  const { DAYBREAK_WORKDIR: _, ...inherited } = process.env;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...inherited, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  let [stdout, stderr, peakRssBytes] = ['', '', 0];
  let broken: string | undefined;
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  const look = (): void => {
    peakRssBytes = Math.max(peakRssBytes, highWaterBytes(child.pid ?? 0));
    if (peakRssBytes > limitBytes) broken = `held ${peakRssBytes} bytes, the limit is ${limitBytes}`;
    if (seconds() > limitSeconds) broken = `ran longer than ${limitSeconds} s`;
    if (broken !== undefined) child.kill('SIGKILL');
  };
  const timer = setInterval(look, LOOK_MS);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.on('error', reject);
  child.on('close', (exitCode, signal) => {
    clearInterval(timer);
    if (broken !== undefined) reject(new Error(`${args.join(' ')} ${broken}\n${stdout}${stderr}`));
    else resolve({ exitCode, signal, stdout, stderr, seconds: seconds(), peakRssBytes });
  });
  return { child, ended: promise };
};

/** Starts the built command. */
export const startDaybreak = (args: readonly string[], options: DaybreakOptions): Started => {
  if (!existsSync(COMMAND)) throw new Error('dist/daybreak.js is missing: run `npm run build` first');
  return startProcess(NODE, [COMMAND, ...args], options);
};

/** Runs the built command to its end; a failing command is a result, not an exception. */
export const runDaybreak = (args: readonly string[], options: DaybreakOptions): Promise<Ended> =>
  startDaybreak(args, options).ended;

/** The object on the last line of standard output. */
export const lastLine = ({ stdout, stderr }: Ended): unknown => {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!line.startsWith('{') && !line.startsWith('[')) throw new Error(`no JSON:\n${stdout}${stderr}`);
  return JSON.parse(line);
};

const POLL_MS = 5;

/** Waits until `isThere` says so; fails after `limitMs`. */
export const until = async (isThere: () => boolean, what: string, limitMs = 20_000): Promise<void> => {
  const endsAt = performance.now() + limitMs;
  while (!isThere()) {
    if (performance.now() > endsAt) throw new Error(`waited ${limitMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
