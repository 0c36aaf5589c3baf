/** Hand-written CloudFormation templates for tests of the emulator: no CDK between a law and what it is tested with. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import type { Emulator } from '../emulator/start-emulator.ts';

export type Resources = Readonly<
  Record<string, { readonly Type: string; readonly DependsOn?: string; readonly Properties?: object }>
>;

const DEPLOY_SECONDS = 60;
const LOOK_MS = 100;

const failedResources = async (client: CloudFormationClient, name: string): Promise<string> => {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName: name }));
  return StackEvents.filter(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'))
    .map((event) => `${event.LogicalResourceId}: ${event.ResourceStatusReason}`)
    .join('\n');
};

/** Waits until the stack is complete; gives its outputs, fails with CloudFormation's own reasons. */
const settle = async (
  client: CloudFormationClient,
  name: string,
): Promise<Readonly<Record<string, string>>> => {
  const deadline = performance.now() + DEPLOY_SECONDS * 1000;
  for (;;) {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const { StackStatus, Outputs = [] } = Stacks[0] ?? {};
    if (StackStatus === 'CREATE_COMPLETE' || StackStatus === 'UPDATE_COMPLETE')
      return Object.fromEntries(Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
    if (!StackStatus?.endsWith('_IN_PROGRESS') || performance.now() > deadline)
      throw new Error(`the stack ${name} is ${StackStatus}: ${await failedResources(client, name)}`);
    await pause(LOOK_MS);
  }
};

/** Gives the values of the outputs. */
export const deployTemplate = async (
  emulator: Emulator,
  name: string,
  resources: Resources,
  outputs: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, string>>> => {
  const client = new CloudFormationClient(emulator);
  const Outputs = Object.fromEntries(Object.entries(outputs).map(([id, Value]) => [id, { Value }]));
  await client.send(
    new CreateStackCommand({
      StackName: name,
      TemplateBody: JSON.stringify({ Resources: resources, Outputs }),
      Capabilities: ['CAPABILITY_NAMED_IAM'],
    }),
  );
  return await settle(client, name);
};

export const updateTemplate = async (
  emulator: Emulator,
  name: string,
  resources: Resources,
): Promise<void> => {
  const client = new CloudFormationClient(emulator);
  const TemplateBody = JSON.stringify({ Resources: resources });
  await client.send(new UpdateStackCommand({ StackName: name, TemplateBody }));
  await settle(client, name);
};

export type FunctionOptions = {
  readonly memoryMb?: number;
  readonly timeoutSeconds?: number;
  readonly variables?: Readonly<Record<string, string>>;
  readonly role?: unknown;
  readonly reservedConcurrency?: number;
  readonly handler?: string;
};

/** A function with inline code, which is CommonJS under the name `index`. */
export const lambdaFunction = (FunctionName: string, code: string, options: FunctionOptions = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    FunctionName,
    Runtime: 'nodejs24.x',
    Handler: options.handler ?? 'index.handler',
    Role: options.role ?? 'arn:aws:iam::000000000000:role/none',
    Code: { ZipFile: code },
    MemorySize: options.memoryMb ?? 256,
    Timeout: options.timeoutSeconds ?? 30,
    Environment: { Variables: options.variables ?? {} },
    ...(options.reservedConcurrency === undefined
      ? {}
      : { ReservedConcurrentExecutions: options.reservedConcurrency }),
  },
});
