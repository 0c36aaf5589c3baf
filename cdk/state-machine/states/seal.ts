import type { Task } from '../asl.ts';
import { callFunction } from '../call-function.ts';
import type { MachineParts } from '../machine-parts.ts';
import { STAGE_RETRIES } from '../retries.ts';
import { TO_END } from './end.ts';

export const seal = (parts: MachineParts): Task => ({
  ...callFunction(parts, 'seal', '$'),
  OutputPath: '$.Payload',
  Retry: STAGE_RETRIES,
  Catch: [TO_END],
  Next: 'NextStage',
});
