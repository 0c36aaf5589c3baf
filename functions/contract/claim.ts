import * as z from 'zod';
import { JobId, RunId } from './ids.ts';

/**
 * Says that a job owns an output; taken before any work. `at` is the instant of the job's submission: with it a
 * job is told from an earlier one of the same id whose work folder was removed. `run` is absent before one is open;
 * a later run takes over from an earlier one of its job, never the other way round. `replaces`, on S3, names the jobs
 * whose parts the owner takes away.
 */
export const Claim = z
  .strictObject({
    job: JobId,
    at: z.iso.datetime(),
    run: RunId.optional(),
    replaces: z.array(JobId).optional(),
  })
  .meta({ id: 'Claim' });
export type Claim = z.infer<typeof Claim>;

/** Whether both are of one job, in whichever run. */
export const isSameClaim = (left: Claim, right: Claim): boolean =>
  left.job === right.job && left.at === right.at;

/** Whether a claim of the same job is of a later run, so that what it holds is not the other's to release. */
export const isLaterRun = (claim: Claim, than: Claim): boolean => (claim.run ?? '') > (than.run ?? '');
