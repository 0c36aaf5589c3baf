import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Short against the shortest process measured (0.2 s), long against the cost of a look (about 0.1 ms). */
const SAMPLE_MILLISECONDS = 20;

export type MeasuredProcess = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From just before the process is started until its output is closed. */
  readonly seconds: number;
  /**
   * The most resident memory seen: the high-water mark of the process itself, or the sum over the process and
   * its descendants at one moment, where that is more (shared pages count once a process). Undefined without /proc.
   */
  readonly peakRssBytes: number | undefined;
};

const readProc = (path: string): string => {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    // The process ended between two looks, or the platform has no /proc.
    return '';
  }
};

const readKilobytes = (status: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);

const sumTreeRss = (pid: number): number => {
  const children = readProc(`${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return (
    readKilobytes(readProc(`${pid}/status`), 'VmRSS') +
    children.reduce((sum, child) => sum + sumTreeRss(child), 0)
  );
};

/** Runs a process to its end, and says how long it took and how much memory it held. */
export const measureProcess = (command: string, args: readonly string[]): Promise<MeasuredProcess> => {
  const { promise, resolve, reject } = Promise.withResolvers<MeasuredProcess>();
  const startedAt = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let peakKilobytes = 0;
  const look = () => {
    const pid = child.pid ?? 0;
    const highWater = readKilobytes(readProc(`${pid}/status`), 'VmHWM');
    peakKilobytes = Math.max(peakKilobytes, highWater, sumTreeRss(pid));
  };
  const timer = setInterval(look, SAMPLE_MILLISECONDS);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.on('error', (error) => {
    clearInterval(timer);
    reject(error);
  });
  child.on('close', (exitCode, signal) => {
    const seconds = (performance.now() - startedAt) / 1000;
    clearInterval(timer);
    const peakRssBytes = peakKilobytes === 0 ? undefined : peakKilobytes * 1024;
    resolve({ exitCode, signal, stdout, stderr, seconds, peakRssBytes });
  });
  return promise;
};
