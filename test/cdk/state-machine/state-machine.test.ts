import { describe, expect, it } from 'vitest';
import { renderDefinition } from '../../../cdk/state-machine/render-definition.ts';
import { propertiesOf, renderStatements, renderValue, resourcesOf, synthStack } from '../synth-stack.ts';
import { MACHINE_PARTS } from './machine-parts.ts';

const synthesized = synthStack();
const machine = propertiesOf(resourcesOf(synthesized, 'AWS::StepFunctions::StateMachine'), 'StateMachine');
const versions = Object.keys(MACHINE_PARTS.versionArns);
const idOf = (name: string): string =>
  `Functions${name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Function`;
const STATES = 'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>';

describe('the state machine', () => {
  it('is STANDARD, has the name that its functions know, and the definition that renderDefinition gives', () => {
    expect(machine).toMatchObject({ StateMachineType: 'STANDARD', StateMachineName: 'Daybreak' });
    expect(JSON.parse(renderValue(machine.DefinitionString))).toEqual(
      renderDefinition({
        partition: '<AWS::Partition>',
        blocksBucketName: '<BucketsBlocks>',
        versionArns: Object.fromEntries(
          versions.map((name) => [name, `<${idOf(name)}CurrentVersion>`]),
        ) as typeof MACHINE_PARTS.versionArns,
        functionTimeoutSeconds: 900,
        executionTimeoutSeconds: 72 * 3600,
      }),
    );
  });

  it('logs errors without data, and traces nothing by default', () => {
    expect(machine.LoggingConfiguration).toMatchObject({ Level: 'ERROR', IncludeExecutionData: false });
    expect(machine).not.toHaveProperty('TracingConfiguration.Enabled', true);
  });

  it('follows the settings', () => {
    const other = synthStack({
      stackName: 'Other',
      tracing: true,
      longestJobHours: 5,
      functions: { timeoutSeconds: 300 },
    });
    const properties = propertiesOf(resourcesOf(other, 'AWS::StepFunctions::StateMachine'), 'StateMachine');
    expect(properties).toMatchObject({ StateMachineName: 'Other', TracingConfiguration: { Enabled: true } });
    const definition = JSON.parse(renderValue(properties.DefinitionString));
    expect(definition.TimeoutSeconds).toBe(18_000);
    expect(definition.States.Split.TimeoutSeconds).toBe(360);
  });
});

describe('its role', () => {
  const statements = renderStatements(
    propertiesOf(resourcesOf(synthesized, 'AWS::IAM::Policy'), 'StateMachineRoleDefaultPolicy')
      .PolicyDocument,
  );

  it('calls every version of its functions: one in flight when a deploy comes goes on with its own', () => {
    const resources = versions.map((name) => `<${idOf(name)}.Arn>:*`).sort();
    expect(statements).toContain(`Allow lambda:InvokeFunction on ${resources.join(' ')}`);
  });

  it('reads the items of a Map and writes the notes of failed tasks, nothing else of the bucket', () => {
    expect(statements.filter((statement) => statement.includes('s3:'))).toEqual([
      'Allow s3:GetObject on <BucketsBlocks.Arn>/jobs/*/*/*/items-*.jsonl',
      'Allow s3:PutObject on <BucketsBlocks.Arn>/jobs/*/*/*/failures/*-*.json',
    ]);
  });

  it('starts, watches, stops and redrives the children of its Maps', () => {
    expect(statements.filter((statement) => statement.includes('states:'))).toEqual([
      `Allow states:StartExecution on ${STATES}:stateMachine:Daybreak`,
      `Allow states:DescribeExecution states:RedriveExecution states:StopExecution on ${STATES}:execution:Daybreak/*:* ${STATES}:execution:Daybreak:*`,
    ]);
  });

  it('delivers logs, and that is all', () => {
    expect(statements).toHaveLength(6);
    expect(statements.filter((statement) => statement.startsWith('Allow logs:'))).toHaveLength(1);
  });
});
