/** Whole jobs inside the test's own process: what `daybreak run` does, without its output. */
import type { S3Client } from '@aws-sdk/client-s3';
import { makeLocalJob } from '../../cli/commands/prepare-job.ts';
import type { ProgressView } from '../../cli/progress.ts';
import { type Runner, runJob } from '../../cli/run-job.ts';
import { withWorkdir } from '../../cli/workdir.ts';
import type { WorkerPool } from '../../cli/worker-pool.ts';
import { openWorld } from '../../cli/world.ts';
import { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import type { Report } from '../../functions/contract/report.ts';
import type { Endpoints } from '../../functions/io/endpoints/endpoint.ts';
import type { WorkerCommand } from '../../functions/io/models/engine-facts.ts';
import { putOnce } from '../../functions/io/put-once.ts';
import { readSpec } from '../../functions/io/spec/parse-spec.ts';
import type { InferEngines } from '../../functions/stages/infer/infer-engines.ts';
import { requireOutputFree } from '../../functions/stages/open-output.ts';
import { readJobState } from '../../functions/stages/read-job-state.ts';
import { runTask } from '../../functions/stages/run-task.ts';
import { type PlannedJob, split } from '../../functions/stages/split.ts';
import type { StageContext } from '../../functions/stages/stage-context.ts';

const SILENT: ProgressView = { update: () => {}, finish: () => {}, note: () => {}, close: () => {} };

export type InProcessJob = {
  /** The document, as a user writes it. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly id: string;
  readonly workdir: string;
  readonly threads?: number;
  readonly memoryBytes?: number;
  /** As `--map-tasks` and `--reduce-tasks` say; without it the plan decides. */
  readonly tasks?: { readonly map: number; readonly reduce: number };
  /** Where `s3://` addresses are; default: as the environment says. */
  readonly s3?: S3Client;
  /** How steps `infer` run; absent where the spec has none. */
  readonly engines?: InferEngines;
  readonly endpoints?: Endpoints;
  /** How a worker with vLLM is started, in its place. */
  readonly command?: WorkerCommand;
  readonly signal?: AbortSignal;
  /** Hears what the command would print while it runs. */
  readonly onNote?: (line: string) => void;
  /** Called between the plan and the run. */
  readonly onPlanned?: (planned: PlannedJob) => Promise<void>;
};

/** Submits a job and runs it to its end. Throws what the command would print. */
export const runInProcess = (options: InProcessJob): Promise<Report> =>
  withRunner(options, async (runner) => {
    const { context } = runner;
    const parsed = readSpec(JSON.stringify(options.spec), { file: 'spec.json' });
    const { tasks } = options;
    const job = makeLocalJob(parsed, {
      id: options.id,
      now: context.now(),
      ...(tasks === undefined ? {} : { mapTasks: tasks.map, reduceTasks: tasks.reduce }),
    });
    await requireOutputFree(context, job);
    const plan = await split(context, job);
    await options.onPlanned?.(plan);
    const { isMine } = await putOnce(context.store, { key: KEYS.job.render(job), schema: Job }, job);
    if (!isMine) throw new Error(`the job ${options.id} is there already`);
    return runJob(runner, job, plan);
  });

/** Goes on with a job that has stopped, as `daybreak resume` does. */
export const resumeInProcess = (options: Omit<InProcessJob, 'spec'>): Promise<Report> =>
  withRunner(options, async (runner) => {
    const { job } = await readJobState(runner.context, options.id);
    return runJob(runner, job, await split(runner.context, job));
  });

const withRunner = <Result>(
  options: Omit<InProcessJob, 'spec'>,
  use: (runner: Runner) => Promise<Result>,
): Promise<Result> =>
  withWorkdir(options.workdir, async (workdir) => {
    const world = openWorld(workdir, {
      resources: { threads: options.threads ?? 2, memoryBytes: options.memoryBytes ?? 1e9 },
      signal: options.signal ?? new AbortController().signal,
    });
    const { s3, engines, endpoints, command, onNote = () => {} } = options;
    const context = {
      ...world,
      ...(s3 === undefined ? {} : { s3 }),
      ...(engines === undefined ? {} : { engines }),
      ...(endpoints === undefined ? {} : { endpoints }),
    };
    const models = command && { storePath: workdir.path, findWorker: async () => command };
    return use({
      context,
      worker: workdir.worker,
      view: { ...SILENT, note: onNote },
      keepBlocks: false,
      pool: poolOfOne(context),
      ...(models === undefined ? {} : { models }),
    });
  });

/** Runs tasks one after another in this process: the pool's own tests are in workers.test.ts. */
export const poolOfOne = (context: StageContext): WorkerPool => ({
  run: async (tasks) => {
    for (const ids of tasks) await runTask(context, ids);
  },
  rest: async () => {},
  close: async () => {},
});
