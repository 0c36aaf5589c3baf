import { renderExecutionName, type Slot } from '../../contract/dispatch.ts';
import { JobExistsError } from '../../contract/errors-store.ts';
import { FIRST_RUN } from '../../contract/ids.ts';
import { Job } from '../../contract/job.ts';
import { KEYS } from '../../contract/keys.ts';
import { comingRun } from '../../core/decide-run.ts';
import { listSlots } from '../../io/cloud/slots.ts';
import { putWaiting, readWaiting, removeWaiting } from '../../io/cloud/waiting-jobs.ts';
import { digestOf } from '../../io/digest.ts';
import type { ObjectStore } from '../../io/object-store.ts';
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
  for (let go = 1; ; go += 1) {
    const first = { job: job.job, run: FIRST_RUN, go };
    const status = await executions.status(renderExecutionName(first));
    if (status === 'absent') {
      await putWaiting(store, chosen, { ...first, at: context.now().toISOString() });
      return chosen;
    }
    // A request that comes again. Where nothing has come of it, the execution was that of a job that was deleted since:
    // the names of executions outlive it by 90 days.
    if (status === 'running' || (await hasBegun(store, job.job))) return chosen;
  }
};

const hasBegun = async (store: ObjectStore, id: string): Promise<boolean> =>
  (await readReport(store, id)) !== undefined || (await readCurrentRun(store, id)) !== undefined;

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
  const { store } = context;
  const job = await readJob(store, id);
  const current = await readCurrentRun(store, id);
  if (isPublished(current?.outcome) && isPublished(await outcomeOfReport(context, id))) return 'done';
  await withdrawCancel(store, id, current);
  const run = comingRun(current);
  for (let go = 1; ; ) {
    const wanted = { job: id, run, go };
    const progress = await progressOf(context, wanted);
    if (progress === 'running') return 'running';
    if (progress === 'over') {
      go += 1;
      continue;
    }
    const chosen = await putWaiting(store, job, { ...wanted, at: context.now().toISOString() });
    if (renderExecutionName(chosen) === renderExecutionName(wanted)) return 'waiting';
    // Somebody else's wish brings the job to its next go too; an entry of a go that is over would bring it nowhere.
    const standing = await readWaiting(store, job);
    if (standing === undefined) continue;
    if ((await progressOf(context, standing.waiting)) !== 'over') return 'waiting';
    await removeWaiting(store, standing);
  }
};

type Go = Pick<Slot, 'job' | 'run' | 'go'>;

/**
 * `over` is a go already in its last states, where it looks at nothing of the job any more: it has given its slot
 * back, or has put a report since it took it.
 */
const progressOf = async ({ store, executions }: DispatchContext, go: Go): Promise<Progress> => {
  const name = renderExecutionName(go);
  const status = await executions.status(name);
  if (status !== 'running') return status === 'ended' ? 'over' : 'absent';
  const held = (await listSlots(store)).find(({ slot }) => renderExecutionName(slot) === name);
  if (held === undefined) return 'over';
  const report = await readReport(store, go.job);
  return report !== undefined && Date.parse(report.finishedAt) > Date.parse(held.slot.at)
    ? 'over'
    : 'running';
};

type Progress = 'absent' | 'running' | 'over';

const outcomeOfReport = async ({ store }: DispatchContext, job: string) => {
  const report = await readReport(store, job);
  return report === undefined ? undefined : { kind: report.outcome };
};
