import { ExpressionError, SpecError } from '../../functions/contract/errors.ts';
import { JobCancelledError, JobExistsError } from '../../functions/contract/errors-store.ts';
import { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import type { Report } from '../../functions/contract/report.ts';
import { storeModule } from '../../functions/io/modules/store-module.ts';
import { putOnce } from '../../functions/io/put-once.ts';
import type { ParsedSpec } from '../../functions/io/spec/parse-spec.ts';
import { withdrawCancel } from '../../functions/stages/cancel-job.ts';
import { requireOutputFree } from '../../functions/stages/open-output.ts';
import { type JobState, readJobState } from '../../functions/stages/read-job-state.ts';
import { requireSameInput } from '../../functions/stages/require-same-input.ts';
import { type JobToPlan, type PlannedJob, split } from '../../functions/stages/split.ts';
import type { StageContext } from '../../functions/stages/stage-context.ts';
import { sweepBlocks } from '../../functions/stages/sweep-blocks.ts';
import { watchOwnMemory } from '../../functions/stages/workers/watch-own-memory.ts';
import { conclude } from '../conclude.ts';
import { withInterrupt } from '../interrupt.ts';
import { resourcesOf, workdirOf } from '../options.ts';
import { openProgress } from '../progress.ts';
import { finishPublish, type Runner, runJob } from '../run-job.ts';
import { type Workdir, withWorkdir } from '../workdir.ts';
import { openWorkerPool } from '../worker-pool.ts';
import { openWorld } from '../world.ts';
import { bundleModules, hashesOf } from './bundle-modules.ts';
import { loadSpec, makeLocalJob, requireFeatures, type SpecOptions } from './prepare-job.ts';

export type ResourceOptions = {
  readonly memory?: number;
  readonly threads?: number;
  readonly workdir?: string;
};
export type RunOptions = ResourceOptions &
  SpecOptions & {
    readonly id?: string;
    readonly keepBlocks?: boolean;
    readonly json?: boolean;
    readonly show?: number;
  };

/** `daybreak run`: submits a job and runs it here. */
export const run = async (file: string, options: RunOptions): Promise<void> => {
  const parsed = await loadSpec(file, options);
  requireFeatures(parsed);
  const modules = await bundleModules(parsed.spec, file);
  const job = makeLocalJob(parsed, { ...options, ...hashesOf(modules), now: new Date() });
  await withRunner(job.job, options, async (runner) => {
    const plan = await located(parsed, file, () => splitHere(runner.context, job));
    await requireOutputFree(runner.context, job);
    // Before the job, which names them: whoever finds the job finds its modules.
    for (const module of modules.values()) await storeModule(runner.context.store, job.job, module);
    const { isMine } = await putOnce(runner.context.store, { key: KEYS.job.render(job), schema: Job }, job);
    if (!isMine) throw new JobExistsError(job.job);
    runner.view.note(`job ${job.job}`);
    await conclude(await runJob(runner, job, plan), options);
  });
};

/** `daybreak resume`: goes on where a job stopped. */
export const resume = async (id: string, options: RunOptions): Promise<void> => {
  await withRunner(id, options, async (runner) => {
    const state = await readJobState(runner.context, id);
    await conclude(await resumeFrom(runner, state), options);
  });
};

const resumeFrom = async (runner: Runner, { job, plan, outcome, report }: JobState): Promise<Report> => {
  if (outcome?.kind === 'published' || outcome?.kind === 'partial') {
    if (report?.outcome !== outcome.kind) return finishPublish(runner, job);
    if (!runner.keepBlocks) await sweepBlocks(runner.context.store, job.job);
    return report;
  }
  await withdrawCancel(runner.context.store, job.job, plan === undefined ? undefined : { plan, outcome });
  const wanted = await splitHere(runner.context, job);
  if (plan !== undefined) requireSameInput(plan, wanted.plan);
  return runJob(runner, job, wanted);
};

/** Looking at an input and binding expressions are queries too: the engine computes what is constant right then. */
export const splitHere = (context: StageContext, job: JobToPlan): Promise<PlannedJob> =>
  watchOwnMemory({ context, task: 'split' }, (watched) => split(watched, job));

const withRunner = (
  job: string,
  options: RunOptions,
  use: (runner: Runner) => Promise<void>,
): Promise<void> =>
  withInterrupt(
    () => new JobCancelledError({ job }),
    (signal) =>
      withWorkdir(workdirOf(options), async (workdir: Workdir) => {
        const view = openProgress(process.stderr);
        const resources = resourcesOf(options);
        const pool = openWorkerPool({
          total: resources,
          workdir: workdir.path,
          scratchDir: workdir.scratchDir,
          runner: workdir.worker,
          note: view.note,
        });
        try {
          await use({
            context: openWorld(workdir, { resources, signal }),
            worker: workdir.worker,
            view,
            keepBlocks: options.keepBlocks === true,
            pool,
          });
        } finally {
          await pool.close();
          view.close();
        }
      }),
  );

/** Problems of the spec and its expressions get the line and column that they have in the file. */
export const located = async <Result>(
  { locate }: ParsedSpec,
  file: string,
  act: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await act();
  } catch (error) {
    if (error instanceof SpecError) throw new SpecError(error.problems.map(locate), { file, cause: error });
    if (!(error instanceof ExpressionError)) throw error;
    throw new ExpressionError(error.problems.map(locate), { file, cause: error });
  }
};
