import { ExecutionState } from '../contract/execution.ts';
import { publishExecution } from '../stages/execution/publish-execution.ts';
import type { LambdaContext } from './lambda.ts';
import { runExecutionState } from './run-execution-state.ts';

/** The function `publish`. */
export const handler = (event: unknown, lambda: LambdaContext): Promise<ExecutionState> =>
  runExecutionState('publish', { event: ExecutionState.parse(event), lambda }, publishExecution);
