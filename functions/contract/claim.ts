import * as z from 'zod';
import { JobId } from './ids.ts';

/**
 * Says that a job owns an output; taken before any work. `at` is the instant of the job's submission: with it a
 * job is told from an earlier one of the same id whose work folder was removed.
 */
export const Claim = z.strictObject({ job: JobId, at: z.iso.datetime() }).meta({ id: 'Claim' });
export type Claim = z.infer<typeof Claim>;

export const isSameClaim = (left: Claim, right: Claim): boolean =>
  left.job === right.job && left.at === right.at;
