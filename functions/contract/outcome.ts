import * as z from 'zod';
import type { DaybreakError } from './errors.ts';
import { FAILURES, type FailureName } from './failures.ts';
import { JobId, RunId, StageId, TaskId } from './ids.ts';
import { OUTCOMES } from './stages.ts';

/** Why a run or a task ended without a result: a row of the table of failures, and its sentence. */
export const Failure = z
  .strictObject({
    name: z.enum(Object.keys(FAILURES) as [FailureName, ...FailureName[]]),
    message: z.string(),
    stage: StageId.optional(),
    task: TaskId.optional(),
    rejects: z.string().optional().describe('key of an object with the rows that were rejected'),
  })
  .meta({ id: 'Failure' });
export type Failure = z.infer<typeof Failure>;

/** An error as it stands in the state of a job. */
export const failureOf = ({ name, message, rejectsKey }: DaybreakError): Failure => ({
  name,
  message,
  ...(rejectsKey === undefined ? {} : { rejects: rejectsKey }),
});

/** How a run ended. The first one put stands. */
export const Outcome = z
  .strictObject({
    job: JobId,
    run: RunId,
    kind: z.enum(OUTCOMES),
    at: z.iso.datetime(),
    failure: Failure.optional(),
  })
  .meta({ id: 'Outcome' });
export type Outcome = z.infer<typeof Outcome>;

/** A wish to end the run: looked at by each task before it begins and every few seconds after. Never adopted. */
export const Halt = z
  .strictObject({
    job: JobId,
    run: RunId,
    reason: z.enum(['cancel', 'failure']),
    at: z.iso.datetime(),
    failure: Failure.optional(),
  })
  .meta({ id: 'Halt' });
export type Halt = z.infer<typeof Halt>;
