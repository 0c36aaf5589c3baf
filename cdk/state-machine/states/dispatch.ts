import type { Task } from '../asl.ts';
import { callFunction } from '../call-function.ts';
import type { MachineParts } from '../machine-parts.ts';
import { STAGE_RETRIES } from '../retries.ts';

/** Starts who waits. Where it fails the monitor does so within a minute, and the job has ended all the same. */
export const dispatch = (parts: MachineParts): Task => ({
  ...callFunction(parts, 'dispatch', '$'),
  ResultPath: null,
  Retry: STAGE_RETRIES,
  Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Outcome' }],
  Next: 'Outcome',
});
