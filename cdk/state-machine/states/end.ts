import type { Catcher, Task } from '../asl.ts';
import { callFunction } from '../call-function.ts';
import type { MachineParts } from '../machine-parts.ts';
import { STAGE_RETRIES } from '../retries.ts';

/** What fails in split, seal or publish: the state as it was, with the error beside it. */
export const TO_END: Catcher = { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'End' };

/**
 * Decides what becomes of a run that something failed in. Where even that fails, the execution does, and a rule runs
 * dispatch: hence no Catch.
 */
export const end = (parts: MachineParts): Task => ({
  ...callFunction(parts, 'end', '$'),
  OutputPath: '$.Payload',
  Retry: STAGE_RETRIES,
  Next: 'NextStage',
});
