import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { SplitEvent } from '../../contract/execution.ts';

/** What is known of an execution by its name. */
export type ExecutionStatus = 'running' | 'ended' | 'absent';

/** The executions of the state machine. */
export type Executions = {
  /** Starts one under a fixed name; the same go twice is one execution. `ended` where it has been and is over. */
  readonly start: (name: string, input: SplitEvent) => Promise<'started' | 'ended'>;
  readonly status: (name: string) => Promise<ExecutionStatus>;
  /** Stops one that runs; nothing where it does not. */
  readonly stop: (name: string) => Promise<void>;
};

/** `arn:…:stateMachine:NAME` to `arn:…:execution:NAME:{name}`. */
const arnOf = (stateMachineArn: string, name: string): string =>
  `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;

export const openExecutions = (client: SFNClient, stateMachineArn: string): Executions => ({
  start: async (name, input) => {
    try {
      await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      return 'started';
    } catch (error) {
      // The same name with the same input is no error while it runs, so this one is over.
      if (error instanceof ExecutionAlreadyExists) return 'ended';
      throw error;
    }
  },
  status: async (name) => {
    try {
      const { status } = await client.send(
        new DescribeExecutionCommand({ executionArn: arnOf(stateMachineArn, name) }),
      );
      return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'ended';
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return 'absent';
      throw error;
    }
  },
  stop: async (name) => {
    try {
      await client.send(
        new StopExecutionCommand({
          executionArn: arnOf(stateMachineArn, name),
          error: 'JobCancelledError',
          cause: 'the job was cancelled, and its execution did not end by itself',
        }),
      );
    } catch (error) {
      if (!(error instanceof ExecutionDoesNotExist)) throw error;
    }
  },
});
