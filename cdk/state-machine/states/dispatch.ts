import type { DispatchEvent } from '../../../functions/contract/execution.ts';
import type { PayloadTemplate, Task } from '../asl.ts';
import { callFunction } from '../call-function.ts';
import type { MachineParts } from '../machine-parts.ts';
import { STAGE_RETRIES } from '../retries.ts';

/** By the name of the execution dispatch knows the slot that it holds. */
const EVENT = { 'execution.$': '$$.Execution.Name' } as const satisfies PayloadTemplate &
  Record<`${keyof DispatchEvent}.$`, string>;

/** Starts who waits. Where it fails the monitor does so within a minute, and the job has ended all the same. */
export const dispatch = (parts: MachineParts): Task => ({
  ...callFunction(parts, 'dispatch', EVENT),
  ResultPath: null,
  Retry: STAGE_RETRIES,
  Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Outcome' }],
  Next: 'Outcome',
});
