/** The built command as tests and benchmarks run it: a whole process, a spec file in, a report out. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MeasuredProcess, measureProcess } from './measure-process.ts';

const command = fileURLToPath(new URL('../dist/daybreak.js', import.meta.url));

export type JobInvocation = {
  readonly steps: readonly Readonly<Record<string, unknown>>[];
  readonly input: string;
  readonly inputFormat: string;
  /** The output folder. */
  readonly output: string;
  /** A folder of this invocation alone: the spec file and the command's work folder lie in it. */
  readonly scratch: string;
  readonly threads: number;
  readonly memory: string;
  /** More arguments, for example `--map-tasks 8`. */
  readonly extraArguments?: readonly string[];
};
export type JobResult = MeasuredProcess & {
  /** The report of `--json`, the last line of stdout; undefined where the command printed none. */
  readonly report: unknown;
};

const parseLastLine = (text: string): unknown => {
  const line = text.trimEnd().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? JSON.parse(line) : undefined;
};

/** Runs `daybreak run` and waits for its end; a failing command is a result, not an exception. */
export const runDaybreak = async (job: JobInvocation): Promise<JobResult> => {
  if (!existsSync(command)) throw new Error('dist/daybreak.js is missing: run `npm run build` first');
  await mkdir(job.scratch, { recursive: true });
  const spec = join(job.scratch, 'spec.json');
  const document = {
    name: 'question',
    input: { uri: job.input, format: job.inputFormat },
    steps: job.steps,
    output: { uri: job.output, format: 'parquet', mode: 'fail' },
  };
  await writeFile(spec, JSON.stringify(document));
  const measured = await measureProcess(process.execPath, [
    ...[command, 'run', spec, '--json', '--workdir', join(job.scratch, 'work')],
    ...['--threads', `${job.threads}`, '--memory', job.memory],
    ...(job.extraArguments ?? []),
  ]);
  return { ...measured, report: parseLastLine(measured.stdout) };
};

/** The same, and fails with the command's own words where it does not end with 0. */
export const runDaybreakToItsEnd = async (job: JobInvocation): Promise<JobResult> => {
  const result = await runDaybreak(job);
  if (result.exitCode !== 0) {
    throw new Error(`daybreak ended with ${result.exitCode}:\n${result.stdout}${result.stderr}`);
  }
  return result;
};
