import { EndEvent, type ExecutionState } from '../contract/execution.ts';
import { endExecution } from '../stages/execution/end-execution.ts';
import type { LambdaContext } from './lambda.ts';
import { runExecutionState } from './run-execution-state.ts';

/** The function `end`. */
export const handler = (event: unknown, lambda: LambdaContext): Promise<ExecutionState> =>
  runExecutionState('end', { event: EndEvent.parse(event), lambda }, endExecution);
