/** State machines of tests, run to their end. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Emulator } from '../emulator/start-emulator.ts';

const END_SECONDS = 60;
const LOOK_MS = 30;

export const machineArn = (name: string): string =>
  `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;

export const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

export const stateMachine = (StateMachineName: string, definition: object, RoleArn?: unknown) => ({
  Type: 'AWS::StepFunctions::StateMachine',
  Properties: {
    StateMachineName,
    RoleArn: RoleArn ?? 'arn:aws:iam::000000000000:role/none',
    DefinitionString: JSON.stringify(definition),
  },
});

/** A Task that gives the state to a function and takes the answer for the state. */
export const lambdaTask = (name: string, fields: object) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: functionArn(name), 'Payload.$': '$' },
  OutputPath: '$.Payload',
  ...fields,
});

/** Waits until it is not RUNNING any more. */
export const waitForExecution = async (
  client: SFNClient,
  executionArn: string,
): Promise<DescribeExecutionCommandOutput> => {
  const deadline = performance.now() + END_SECONDS * 1000;
  for (;;) {
    const execution = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (execution.status !== 'RUNNING') return execution;
    if (performance.now() > deadline)
      throw new Error(`${executionArn} was still running after ${END_SECONDS} s`);
    await pause(LOOK_MS);
  }
};

export const startExecution = async (
  client: SFNClient,
  machine: string,
  input: unknown = {},
): Promise<string> => {
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn: machineArn(machine), input: JSON.stringify(input) }),
  );
  if (executionArn === undefined) throw new Error(`${machine} was not started`);
  return executionArn;
};

export const runExecution = async (
  emulator: Emulator,
  machine: string,
  input: unknown = {},
): Promise<DescribeExecutionCommandOutput> => {
  const client = new SFNClient(emulator);
  return await waitForExecution(client, await startExecution(client, machine, input));
};
