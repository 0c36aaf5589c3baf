import type { PayloadTemplate, Task } from './asl.ts';
import type { MachineFunctionName, MachineParts } from './machine-parts.ts';

/** The function stops itself first; what is left covers the way there and back. */
const MARGIN_SECONDS = 60;

/** The fields of a Task that calls a function, by the version published with this definition. */
export const callFunction = (
  parts: MachineParts,
  name: MachineFunctionName,
  payload: PayloadTemplate | '$',
): Pick<Task, 'Type' | 'Resource' | 'Parameters' | 'TimeoutSeconds'> => ({
  Type: 'Task',
  Resource: `arn:${parts.partition}:states:::lambda:invoke`,
  Parameters: {
    FunctionName: parts.versionArns[name],
    ...(payload === '$' ? { 'Payload.$': '$' } : { Payload: payload }),
  },
  TimeoutSeconds: parts.functionTimeoutSeconds + MARGIN_SECONDS,
});
