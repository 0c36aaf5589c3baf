import type { Job } from '../contract/job.ts';
import { openFileOutput } from '../io/file-output.ts';
import type { Output } from '../io/output.ts';
import type { StageContext } from './stage-context.ts';

export type OutputOwner = Pick<Job, 'job' | 'spec' | 'submittedAt'>;

/** The output of a job, for claim, publish and release by a run; without one before a run is open. */
export const openOutput = (
  _context: Pick<StageContext, 'store'>,
  job: OutputOwner,
  run?: string,
): Promise<Output> => {
  const claim = { job: job.job, at: job.submittedAt };
  return openFileOutput(job.spec.output.uri, run === undefined ? claim : { ...claim, run });
};

/** Fails with OutputExistsError where the output holds what the job may not replace; writes nothing. */
export const requireOutputFree = async (context: Pick<StageContext, 'store'>, job: Job): Promise<void> =>
  (await openOutput(context, job)).requireFree(job.spec.output.mode);
