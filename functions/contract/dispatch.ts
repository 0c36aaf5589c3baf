import * as z from 'zod';
import { JobId, RunId } from './ids.ts';

/** One go at a job: an execution of the state machine, named once and for all. */
const Go = z.strictObject({
  job: JobId,
  run: RunId.describe('the run that was open, or next, when the go was asked for'),
  go: z.int().min(1).describe('executions in that run, counted from 1'),
  at: z.iso.datetime(),
});

/** `waiting/{deadline}-{job}`: a job that waits for a slot. */
export const Waiting = Go.meta({ id: 'Waiting' });
export type Waiting = z.infer<typeof Waiting>;

/** `slots/{n}.json`: the job that holds one of the places of the deployment. */
export const Slot = Go.meta({ id: 'Slot' });
export type Slot = z.infer<typeof Slot>;

/** The name of an execution: fits the 80 characters that Step Functions allows. */
export const renderExecutionName = ({ job, run, go }: Pick<Waiting, 'job' | 'run' | 'go'>): string =>
  `${job}-${run}-${go}`;
