import * as z from 'zod';
import { JobId, Sha256 } from './ids.ts';
import { JobSpec } from './spec.ts';

/** `job.json`: what was submitted, by whom and when. Paths in the spec are absolute here. Never edited. */
export const Job = z
  .strictObject({
    job: JobId,
    spec: JobSpec,
    specDigest: Sha256,
    submittedAt: z.iso.datetime(),
    submittedBy: z.string(),
    deadlineAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof Job>;
