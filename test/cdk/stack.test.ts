import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { OUTPUTS } from '../../functions/contract/environment.ts';
import { EVERY_SETTING, readCdkJson, resourcesOf, synthStack, withoutHash } from './synth-stack.ts';

const FUNCTIONS = ['Split', 'Map', 'Reduce', 'Modules', 'Seal', 'Publish', 'End', 'Start', 'Dispatch', 'Api']
  .concat(['Authorizer', 'Monitor', 'MapLarge', 'ReduceLarge', 'ModulesLarge'])
  .map((name) => `Functions${name}`);
const ROUTES = ['POSTjobs', 'POSTstart', 'GETjobs', 'GETjobsjob', 'GETjobsjobreport']
  .concat(['POSTjobsjobcancel', 'POSTjobsjobresume'])
  .map((route) => `HttpApi${route}`);

const RESOURCES: Readonly<Record<string, readonly string[]>> = {
  'AWS::S3::Bucket': ['BucketsBlocks', 'BucketsData'],
  'AWS::S3::BucketPolicy': ['BucketsBlocksPolicy', 'BucketsDataPolicy'],
  'AWS::SQS::Queue': ['QueueDeadLetters', 'QueueJobs', 'QueueUndispatched'],
  'AWS::SQS::QueuePolicy': ['QueueDeadLettersPolicy', 'QueueJobsPolicy', 'QueueUndispatchedPolicy'],
  'AWS::SecretsManager::Secret': ['ApiKeysSecret'],
  'AWS::Lambda::Function': FUNCTIONS.map((name) => `${name}Function`),
  'AWS::IAM::Role': [...FUNCTIONS, 'StateMachine'].map((name) => `${name}Role`),
  'AWS::IAM::Policy': [...FUNCTIONS, 'StateMachine'].map((name) => `${name}RoleDefaultPolicy`),
  'AWS::Logs::LogGroup': [...FUNCTIONS, 'StateMachine']
    .map((name) => `${name}Logs`)
    .concat('HttpApiAccessLogs'),
  'AWS::Lambda::Version': FUNCTIONS.filter((name) => !/(Start|Api|Authorizer|Monitor)$/.test(name)).map(
    (name) => `${name}FunctionCurrentVersion`,
  ),
  'AWS::Lambda::EventInvokeConfig': ['Dispatch', 'Monitor'].map(
    (name) => `Functions${name}FunctionEventInvokeConfig`,
  ),
  'AWS::Lambda::EventSourceMapping': ['FunctionsStartFunctionSqsEventSourceDaybreakQueueJobs2524A6A1'],
  'AWS::StepFunctions::StateMachine': ['StateMachine'],
  'AWS::ApiGatewayV2::Api': ['HttpApi'],
  'AWS::ApiGatewayV2::Stage': ['HttpApiStage'],
  'AWS::ApiGatewayV2::Authorizer': ['HttpApiAuthorizer'],
  'AWS::ApiGatewayV2::Integration': ['HttpApiPOSTjobsIntegration'],
  'AWS::ApiGatewayV2::Route': ROUTES,
  'AWS::Events::Rule': ['RulesUploads', 'RulesEnded', 'RulesTick'],
  'AWS::SNS::Topic': ['AlarmsTopic'],
  'AWS::SNS::TopicPolicy': ['AlarmsTopicPolicy'],
  'AWS::CloudWatch::Alarm': ['AlarmsDeadLetters', 'AlarmsUndispatched'],
};

const synthesized = synthStack();

describe('the stack', () => {
  it('has these resources and no others, but for the permissions to invoke', () => {
    const found = Object.groupBy(Object.entries(synthesized.resources), ([, { Type }]) => Type);
    const { 'AWS::Lambda::Permission': permissions, ...rest } = found;
    expect(
      Object.fromEntries(
        Object.entries(rest).map(([type, of]) => [type, (of ?? []).map(([id]) => withoutHash(id)).sort()]),
      ),
    ).toEqual(Object.fromEntries(Object.entries(RESOURCES).map(([type, ids]) => [type, [...ids].sort()])));
    // A route each, the authorizer, two rules.
    expect(permissions).toHaveLength(ROUTES.length + 3);
  });

  it('tells the command line where everything is', () => {
    const { Outputs } = synthesized.template.toJSON();
    expect(Object.keys(Outputs).sort()).toEqual(Object.values(OUTPUTS).sort());
  });

  it('depends on no account, no Region and no look-up', () => {
    expect(JSON.stringify(synthesized.template.toJSON())).not.toMatch(/\d{12}/);
    expect(synthesized.stack.environment).toBe('aws://unknown-account/unknown-region');
  });

  it('carries the tags by which costs are told apart, and those of the settings', () => {
    const { Properties } = resourcesOf(synthStack(EVERY_SETTING), 'AWS::S3::Bucket').BucketsData ?? {};
    expect(Properties?.Tags).toEqual([
      { Key: 'app', Value: 'daybreak' },
      { Key: 'daybreak:stack', Value: 'Daybreak2' },
      { Key: 'team', Value: 'data' },
    ]);
  });

  it('is the same, however often it is synthesized', () => {
    expect(synthStack().template.toJSON()).toEqual(synthesized.template.toJSON());
  });

  it('deploys with the credentials of the command line where a setting says so', () => {
    const { stack } = synthStack({ synthesizer: 'cli-credentials' });
    expect(stack.synthesizer.constructor.name).toBe('CliCredentialsStackSynthesizer');
    expect(synthesized.stack.synthesizer.constructor.name).toBe('DefaultStackSynthesizer');
  });

  it('keeps the flags in cdk.json with which the traps of the library are shut', () => {
    expect(readCdkJson().context).toMatchObject({
      '@aws-cdk/aws-stepfunctions:useDistributedMapResultWriterV2': true,
      '@aws-cdk/core:validateAgainstDefaultRules': true,
      '@aws-cdk/aws-iam:minimizePolicies': true,
    });
  });
});

describe('the rules of cdk-nag, AwsSolutions', () => {
  it.each([
    ['as it comes', {}, {}],
    ['with every setting', EVERY_SETTING, {}],
    ['where it deletes data', { deletesData: true }, { 'daybreak-delete-data': 'Daybreak' }],
  ])('find nothing in the stack %s', (_, settings, context) => {
    const { app } = synthStack(settings, { context });
    expect(new AwsSolutionsChecks().validateScope(app).violations).toEqual([]);
  });

  it('find what is wrong', () => {
    const { app, stack } = synthStack();
    new s3.Bucket(stack, 'Open', { blockPublicAccess: new s3.BlockPublicAccess({ blockPublicAcls: false }) });
    const { violations } = new AwsSolutionsChecks().validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName).sort()).toEqual([
      'AwsSolutions-S1',
      'AwsSolutions-S10',
      'AwsSolutions-S2',
    ]);
  });
});
