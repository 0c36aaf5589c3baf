import { ExecutionState } from '../contract/execution.ts';
import { sealExecution } from '../stages/execution/seal-execution.ts';
import type { LambdaContext } from './lambda.ts';
import { runExecutionState } from './run-execution-state.ts';

/** The function `seal`. */
export const handler = (event: unknown, lambda: LambdaContext): Promise<ExecutionState> =>
  runExecutionState('seal', { event: ExecutionState.parse(event), lambda }, sealExecution);
