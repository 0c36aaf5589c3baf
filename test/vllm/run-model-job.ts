/** Jobs of the built command over rows that a test makes, with vLLM's real engine. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Report } from '../../functions/contract/report.ts';
import { type Ended, lastLine, type Started, startDaybreak } from '../flow/daybreak-process.ts';
import { judgeOutput, outputRows, query, type SpecText, writeSpec } from '../flow/job-folder.ts';

/** A start of the engine takes 20 to 60 s, on a busy machine twice that. */
const LIMIT_SECONDS = 400;
/** Threads of the engine: tests run beside each other elsewhere, and the figures are of one. */
export const THREADS = 1;

export type Row = Readonly<Record<string, unknown>>;

export type ModelJob = {
  /** Of the folder: an input of one test is another's too. */
  readonly id: string;
  readonly rows: readonly Row[];
  readonly steps: readonly unknown[];
  readonly spec?: SpecText;
  readonly env?: Readonly<Record<string, string>>;
  readonly limitSeconds?: number;
};

export type StartedJob = Started & {
  readonly folder: string;
  readonly outcome: () => Promise<ModelJobOutcome>;
};

export type ModelJobOutcome = {
  readonly report: Report;
  readonly rows: readonly Row[];
  readonly rejects: readonly Row[];
  readonly ended: Ended;
};

/** A folder for the jobs of a test file. */
export const openFolder = () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'daybreak-vllm-'));
  return { folder, close: () => rmSync(folder, { recursive: true, force: true }) };
};

/** Starts a job whose input are these rows and whose output is Parquet. */
export const startModelJob = async (folder: string, job: ModelJob): Promise<StartedJob> => {
  const { id, rows, steps } = job;
  const input = path.join(folder, `${id}.jsonl`);
  writeFileSync(input, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const output = path.join(folder, `out-${id}`);
  const spec = {
    name: id,
    input: { uri: input },
    steps,
    output: { uri: output, format: 'parquet' },
    ...job.spec,
  };
  const file = await writeSpec(folder, spec, `${id}.yaml`);
  const started = startDaybreak(['run', file, '--id', id, '--threads', String(THREADS), '--json'], {
    cwd: folder,
    limitSeconds: job.limitSeconds ?? LIMIT_SECONDS,
    ...(job.env === undefined ? {} : { env: job.env }),
  });
  return {
    ...started,
    folder,
    outcome: async () => {
      const ended = await started.ended;
      if (ended.exitCode !== 0)
        throw new Error(`${id} ended with ${ended.exitCode}:\n${ended.stdout}${ended.stderr}`);
      const report = Report.parse(lastLine(ended));
      const manifest = judgeOutput(output);
      const hasRejects = (manifest?.rejects.length ?? 0) > 0;
      const rejects = hasRejects
        ? await query(`SELECT * FROM read_parquet('${output}/_rejects/*.parquet')`)
        : [];
      return { report, rows: await outputRows(output), rejects, ended };
    },
  };
};

export const runModelJob = async (folder: string, job: ModelJob): Promise<ModelJobOutcome> =>
  (await startModelJob(folder, job)).outcome();

/** Law of every job with a model: rows in = rows out + rejects. */
export const isConserved = ({ report: { rows } }: ModelJobOutcome): boolean =>
  rows.read === rows.written + rows.rejected;
