import { type ExecutionState, SplitEvent } from '../contract/execution.ts';
import { beginExecution } from '../stages/execution/begin-execution.ts';
import type { LambdaContext } from './lambda.ts';
import { runExecutionState } from './run-execution-state.ts';

/** The function `split`. */
export const handler = (event: unknown, lambda: LambdaContext): Promise<ExecutionState> =>
  runExecutionState('split', { event: SplitEvent.parse(event), lambda }, beginExecution);
