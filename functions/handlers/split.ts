import { type ExecutionState, SplitEvent } from '../contract/execution.ts';
import { INBOX } from '../contract/rejection.ts';
import { beginExecution } from '../stages/execution/begin-execution.ts';
import { readEnvironment } from './environment.ts';
import type { LambdaContext } from './lambda.ts';
import { runExecutionState } from './run-execution-state.ts';

/** The function `split`. */
export const handler = (event: unknown, lambda: LambdaContext): Promise<ExecutionState> => {
  const { dataBucket } = readEnvironment('dataBucket');
  const reserved = [`s3://${dataBucket}/${INBOX}`];
  return runExecutionState('split', { event: SplitEvent.parse(event), lambda }, (context, split) =>
    beginExecution({ ...context, reserved }, split),
  );
};
