import * as z from 'zod';
import { JobId, Sha256 } from './ids.ts';
import { JobSpec } from './spec.ts';

/** `job.json`: what was submitted, by whom and when. The output's path is absolute here. Never edited. */
export const Job = z
  .strictObject({
    job: JobId,
    spec: JobSpec,
    specDigest: Sha256,
    baseDir: z
      .string()
      .optional()
      .describe('The folder that relative input paths start from; absent where all are absolute.'),
    tasks: z
      .strictObject({ map: z.int().min(1).optional(), reduce: z.int().min(1).optional() })
      .optional()
      .describe('Numbers of tasks that the submitter asked for; absent where the plan decides.'),
    modules: z
      .record(z.string(), Sha256)
      .optional()
      .describe('The bundles of the modules that the spec names, by path: the job runs these bytes.'),
    keepBlocks: z
      .literal(true)
      .optional()
      .describe('Whether intermediate blocks stay, whoever goes on with the job.'),
    submittedAt: z.iso.datetime(),
    submittedBy: z.string(),
    deadlineAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof Job>;
