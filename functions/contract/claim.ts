import * as z from 'zod';
import { JobId } from './ids.ts';

/** Says that a job owns an output; taken before any work. */
export const Claim = z.strictObject({ job: JobId, at: z.iso.datetime() }).meta({ id: 'Claim' });
export type Claim = z.infer<typeof Claim>;
