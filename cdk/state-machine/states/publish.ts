import type { Task } from '../asl.ts';
import { callFunction } from '../call-function.ts';
import type { MachineParts } from '../machine-parts.ts';
import { STAGE_RETRIES } from '../retries.ts';
import { TO_END } from './end.ts';

export const publish = (parts: MachineParts): Task => ({
  ...callFunction(parts, 'publish', '$'),
  OutputPath: '$.Payload',
  Retry: STAGE_RETRIES,
  Catch: [TO_END],
  Next: 'NextStage',
});
