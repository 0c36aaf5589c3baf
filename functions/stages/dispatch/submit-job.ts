import { renderExecutionName } from '../../contract/dispatch.ts';
import { JobExistsError } from '../../contract/errors-store.ts';
import { FIRST_RUN } from '../../contract/ids.ts';
import { Job } from '../../contract/job.ts';
import { KEYS } from '../../contract/keys.ts';
import { comingRun } from '../../core/decide-run.ts';
import { putWaiting } from '../../io/cloud/waiting-jobs.ts';
import { digestOf } from '../../io/digest.ts';
import { readCurrentRun } from '../../io/open-run.ts';
import { putOnce } from '../../io/put-once.ts';
import { withdrawCancel } from '../cancel-job.ts';
import { isPublished } from '../end-run.ts';
import { readJob, readReport } from '../read-job-state.ts';
import type { DispatchContext } from './dispatch-jobs.ts';

/**
 * Puts a job and lets it wait for a slot; {@link dispatchJobs} starts it. The same request any number of times is one
 * job. Fails with JobExistsError where another job has the id.
 */
export const submitJob = async (context: DispatchContext, job: Job): Promise<Job> => {
  const { store, executions } = context;
  const { chosen } = await putOnce(store, { key: KEYS.job.render(job), schema: Job }, job);
  if (!isSameRequest(chosen, job)) throw new JobExistsError(job.job);
  const first = { job: job.job, run: FIRST_RUN, go: 1 };
  // Of a request that comes again the execution has been there before.
  if ((await executions.status(renderExecutionName(first))) === 'absent') {
    await putWaiting(store, chosen, { ...first, at: context.now().toISOString() });
  }
  return chosen;
};

/** Whether two jobs of one id ask for the same: the spec, the code, the number of tasks. Not who asks, and when. */
export const isSameRequest = (left: JobRequest, right: JobRequest): boolean =>
  digestOf(askedBy(left)) === digestOf(askedBy(right));

type JobRequest = Pick<Job, 'specDigest' | 'modules' | 'tasks'>;

const askedBy = ({ specDigest, modules = {}, tasks = {} }: JobRequest) => ({ specDigest, modules, tasks });

export type Resumed = 'waiting' | 'running' | 'done';

/**
 * Lets a job that stopped wait for a slot again: it goes on in its open run, or in the next one. `running`: an
 * execution is at it. `done`: it is published. Fails with JobNotFoundError.
 */
export const resumeJob = async (context: DispatchContext, id: string): Promise<Resumed> => {
  const { store, executions } = context;
  const job = await readJob(store, id);
  const current = await readCurrentRun(store, id);
  if (isPublished(current?.outcome) && isPublished(await outcomeOfReport(context, id))) return 'done';
  await withdrawCancel(store, id, current);
  const run = comingRun(current);
  for (let go = 1; ; go += 1) {
    const waiting = { job: id, run, go };
    const status = await executions.status(renderExecutionName(waiting));
    if (status === 'running') return 'running';
    if (status === 'ended') continue;
    await putWaiting(store, job, { ...waiting, at: context.now().toISOString() });
    return 'waiting';
  }
};

const outcomeOfReport = async ({ store }: DispatchContext, job: string) => {
  const report = await readReport(store, job);
  return report === undefined ? undefined : { kind: report.outcome };
};
