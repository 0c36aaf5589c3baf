import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { SubmissionError } from '../../functions/contract/errors-cloud.ts';
import { UsageError } from '../../functions/contract/errors-command.ts';
import { JobExistsError } from '../../functions/contract/errors-store.ts';
import { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { drawJobId, requestJobId } from '../../functions/core/job-id.ts';
import { renderStartMessage } from '../../functions/io/cloud/job-queue.ts';
import { digestOf } from '../../functions/io/digest.ts';
import { storeModule } from '../../functions/io/modules/store-module.ts';
import { readState } from '../../functions/io/put-once.ts';
import type { ParsedSpec } from '../../functions/io/spec/parse-spec.ts';
import { isSameRequest } from '../../functions/stages/dispatch/submit-job.ts';
import { requireSubmittable } from '../../functions/stages/judge-submission.ts';
import { makeJob } from '../../functions/stages/make-job.ts';
import { type OpenDeployment, openDeployment } from '../cloud/open-deployment.ts';
import { addPlace, type PlaceOptions, requireCloudPlace } from '../cloud/place-options.ts';
import { SENT_PATIENCE_MS } from '../watch-job.ts';
import { bundleModules, hashesOf } from './bundle-modules.ts';
import { loadSpec, requireJobId, type SpecOptions } from './prepare-job.ts';
import { watchAt } from './watch.ts';

export type SubmitOptions = PlaceOptions &
  SpecOptions & {
    readonly id?: string;
    readonly idempotencyKey?: string;
    readonly wait?: boolean;
    readonly json?: boolean;
  };

/** With the second of the submission they tell jobs of one name apart, however many people send them. */
const RANDOM_BYTES = 4;

/** `daybreak submit`: gives a job to a deployment. Everything that needs no data is judged before. */
export const submit = async (file: string, options: SubmitOptions): Promise<void> => {
  const parsed = await loadSpec(file, options);
  const now = new Date();
  const id = idOf(parsed, options, now);
  await located(file, () => requireSubmittable(parsed, { now }));
  const modules = await bundleModules(parsed.spec, file);
  const { mapTasks: map, reduceTasks: reduce } = options;
  const facts = { id, now, submittedBy: userInfo().username, tasks: { map, reduce } };
  const job = makeJob(parsed, { ...facts, ...hashesOf(modules) });
  const message = { kind: 'submit', job } as const;
  renderStartMessage(message);
  const opened = await openDeployment(requireCloudPlace(options));
  if ((await readStanding(opened, job, options)) === undefined) {
    // Before the job, which names them: whoever finds the job finds its modules.
    for (const module of modules.values()) await storeModule(opened.store, id, module);
    await opened.send(message);
  }
  await follow(opened, id, options);
};

const idOf = ({ spec }: ParsedSpec, { id, idempotencyKey }: SubmitOptions, now: Date): string => {
  if (id !== undefined && idempotencyKey !== undefined) {
    throw new UsageError('--id and --idempotency-key both say which job it is; give one of them');
  }
  if (idempotencyKey === '') throw new UsageError('--idempotency-key is empty');
  if (id !== undefined) return requireJobId(id);
  if (idempotencyKey !== undefined) return requestJobId(spec.name, digestOf(['submit', idempotencyKey]));
  return drawJobId(spec.name, now, randomBytes(RANDOM_BYTES).toString('hex'));
};

/** The job that has the id already. Fails with JobExistsError where it is not the very same request. */
const readStanding = async (
  { store }: OpenDeployment,
  job: Job,
  { idempotencyKey }: SubmitOptions,
): Promise<Job | undefined> => {
  const standing = await readState(store, { key: KEYS.job.render(job), schema: Job });
  if (standing === undefined) return undefined;
  if (idempotencyKey !== undefined && isSameRequest(standing, job)) return standing;
  throw new JobExistsError(job.job);
};

const follow = async (opened: OpenDeployment, job: string, options: SubmitOptions): Promise<void> => {
  const hint = (sentence: string): string => addPlace(sentence, options);
  if (options.wait === true) {
    process.stderr.write(`job ${job}\n`);
    const { world, openList } = opened;
    const place = { world, openList, name: opened.deployment.stack, cloud: requireCloudPlace(options), hint };
    return watchAt(place, { job, patienceMs: SENT_PATIENCE_MS }, options);
  }
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ job, stack: opened.deployment.stack })}\n`);
    return;
  }
  process.stdout.write(`job ${job}\n${hint(`\`daybreak watch ${job}\` shows how it goes`)}\n`);
};

/** Problems of the spec with the file that they stand in. */
const located = async (file: string, act: () => Promise<void>): Promise<void> => {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof SubmissionError)) throw error;
    throw new SubmissionError(error.problems, { file, cause: error });
  }
};
