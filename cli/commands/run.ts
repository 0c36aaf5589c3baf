import path from 'node:path';
import { ExpressionError, SpecError } from '../../functions/contract/errors.ts';
import { JobCancelledError, JobExistsError } from '../../functions/contract/errors-store.ts';
import { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import type { RejectLimit } from '../../functions/contract/plan-header.ts';
import { renderRows } from '../../functions/core/render-units.ts';
import { isS3Uri } from '../../functions/core/s3-uri.ts';
import { findKeyVariables } from '../../functions/io/endpoints/find-key-variables.ts';
import { storeModule } from '../../functions/io/modules/store-module.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { putOnce, readState } from '../../functions/io/put-once.ts';
import type { ParsedSpec } from '../../functions/io/spec/parse-spec.ts';
import { requireOutputFree } from '../../functions/stages/open-output.ts';
import { readJobState } from '../../functions/stages/read-job-state.ts';
import { conclude } from '../conclude.ts';
import { findJobId } from '../find-job.ts';
import { openModels } from '../infer/open-models.ts';
import { withInterrupt } from '../interrupt.ts';
import { keepAttempts } from '../keep-attempts.ts';
import { resourcesOf, workdirOf } from '../options.ts';
import { openProgress } from '../progress.ts';
import { readManifest } from '../read-manifest.ts';
import { resumeJob } from '../resume-job.ts';
import { type Runner, runJob } from '../run-job.ts';
import { splitHere } from '../split-here.ts';
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
  const folder = path.dirname(path.resolve(file));
  await withRunner({ job: job.job, options, findFolder: async () => folder }, async (runner) => {
    const plan = await located(parsed, file, () => splitHere(runner.context, job));
    await requireOutputFree(runner.context, job);
    // Before the job, which names them: whoever finds the job finds its modules.
    for (const module of modules.values()) await storeModule(runner.context.store, job.job, module);
    const { isMine } = await putOnce(runner.context.store, { key: KEYS.job.render(job), schema: Job }, job);
    if (!isMine) throw new JobExistsError(job.job);
    runner.view.note(`job ${job.job}`);
    await noteReplaced(runner, job);
    await conclude(await runJob(runner, job, plan), options);
  });
};

/** Whose result an `overwrite` is about to take the place of; of an output on S3 nobody looks. */
const noteReplaced = async ({ view }: Runner, { job, spec: { output } }: Job): Promise<void> => {
  if (output.mode !== 'overwrite' || isS3Uri(output.uri)) return;
  const old = await readManifest(output.uri);
  if (old === undefined || old.job === job) return;
  view.note(
    `${output.uri} holds the result of the job ${old.job}, ${renderRows(old.rows)}: this job's takes its place when it is published`,
  );
};

/** `daybreak resume`: goes on where a job stopped. */
export const resume = async (
  given: string,
  options: RunOptions & { readonly maxRejects?: RejectLimit },
): Promise<void> => {
  const findFolder = async (store: ObjectStore): Promise<string> => {
    const job = await readState(store, {
      key: KEYS.job.render({ job: await findJobId(store, given) }),
      schema: Job,
    });
    return job?.baseDir ?? process.cwd();
  };
  await withRunner({ job: given, options, findFolder }, async (runner) => {
    const state = await readJobState(runner.context, await findJobId(runner.context.store, given));
    const { maxRejects: rejectLimit } = options;
    const keepBlocks = runner.keepBlocks || state.job.keepBlocks === true;
    const asked = rejectLimit === undefined ? {} : { rejectLimit };
    await conclude(await resumeJob({ ...runner, keepBlocks }, state, asked), options);
  });
};

type RunnerPlace = {
  readonly job: string;
  readonly options: RunOptions;
  /** From which endpoints are looked for: that of the spec, of a resume that from which the job was submitted. */
  readonly findFolder: (store: ObjectStore) => Promise<string>;
};

const withRunner = (
  { job, options, findFolder }: RunnerPlace,
  use: (runner: Runner) => Promise<void>,
): Promise<void> =>
  withInterrupt(
    () => new JobCancelledError({ job }),
    (signal) =>
      withWorkdir(workdirOf(options), async (workdir: Workdir) => {
        const view = openProgress(process.stderr);
        const resources = resourcesOf(options);
        const { store } = workdir;
        const folder = await findFolder(store);
        const keyVariables = await findKeyVariables({ environment: process.env, folder });
        const pool = openWorkerPool({
          total: resources,
          keyVariables,
          workdir: workdir.path,
          scratchDir: workdir.scratchDir,
          runner: workdir.worker,
          note: view.note,
          keep: keepAttempts(store),
        });
        const { engines, endpoints, findWorker } = openModels({ store, folder });
        try {
          await use({
            context: { ...openWorld(workdir, { resources, signal }), engines, endpoints },
            worker: workdir.worker,
            view,
            keepBlocks: options.keepBlocks === true,
            pool,
            models: { storePath: workdir.path, findWorker, keyVariables },
          });
        } finally {
          endpoints.close();
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
