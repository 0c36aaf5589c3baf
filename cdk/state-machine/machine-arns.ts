import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

const arnOf = (scope: Construct, resource: string, resourceName: string): string =>
  Stack.of(scope).formatArn({
    service: 'states',
    resource,
    resourceName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });

/** By its name: its functions stand before it, and some of them start it. */
export const machineArn = (scope: Construct, name: string): string => arnOf(scope, 'stateMachine', name);

/** Of its executions; those of a Map's children are under `{name}/{label}`. */
export const executionArns = (scope: Construct, name: string): string =>
  arnOf(scope, 'execution', `${name}:*`);

export const childExecutionArns = (scope: Construct, name: string): string =>
  arnOf(scope, 'execution', `${name}/*:*`);
