import { SplitEvent } from '../../../functions/contract/execution.ts';
import type { PayloadTemplate, Task } from '../asl.ts';
import { callFunction } from '../call-function.ts';
import type { MachineParts } from '../machine-parts.ts';
import { STAGE_RETRIES } from '../retries.ts';
import { TO_END } from './end.ts';

/** A later run comes here with the whole state of the one before; split takes what a first one would have. */
const EVENT: PayloadTemplate = Object.fromEntries(
  Object.keys(SplitEvent.shape).map((field) => [`${field}.$`, `$.${field}`]),
);

export const split = (parts: MachineParts): Task => ({
  ...callFunction(parts, 'split', EVENT),
  OutputPath: '$.Payload',
  Retry: STAGE_RETRIES,
  Catch: [TO_END],
  Next: 'NextStage',
});
