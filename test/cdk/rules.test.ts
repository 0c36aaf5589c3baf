import { describe, expect, it } from 'vitest';
import { propertiesOf, renderStatements, renderValue, resourcesOf, synthStack } from './synth-stack.ts';

const synthesized = synthStack();
const rules = resourcesOf(synthesized, 'AWS::Events::Rule');
const queues = resourcesOf(synthesized, 'AWS::SQS::Queue');
const start = propertiesOf(resourcesOf(synthesized, 'AWS::Lambda::Function'), 'FunctionsStartFunction');

type Target = { readonly Arn: unknown; readonly DeadLetterConfig?: { readonly Arn: unknown } };
const targetsOf = (id: string): readonly (readonly [string, string | undefined])[] =>
  (propertiesOf(rules, id).Targets as readonly Target[]).map(({ Arn, DeadLetterConfig }) => [
    renderValue(Arn),
    DeadLetterConfig === undefined ? undefined : renderValue(DeadLetterConfig.Arn),
  ]);

describe('the queue', () => {
  it('gives a message back to the dead letters after five tries', () => {
    expect(propertiesOf(queues, 'QueueJobs').RedrivePolicy).toEqual({
      deadLetterTargetArn: expect.anything(),
      maxReceiveCount: 5,
    });
  });

  it('hides a message for six times what its consumer may take', () => {
    expect(propertiesOf(queues, 'QueueJobs').VisibilityTimeout).toBe(6 * Number(start.Timeout));
  });

  it.each(['QueueJobs', 'QueueDeadLetters', 'QueueUndispatched'])(
    '%s is encrypted, kept for two weeks and refuses plain HTTP',
    (id) => {
      expect(propertiesOf(queues, id)).toMatchObject({
        SqsManagedSseEnabled: true,
        MessageRetentionPeriod: 1_209_600,
      });
      const policy = propertiesOf(resourcesOf(synthesized, 'AWS::SQS::QueuePolicy'), `${id}Policy`);
      expect(renderStatements(policy.PolicyDocument)).toContain(
        `Deny sqs:* on <${id}.Arn> if {"Bool":{"aws:SecureTransport":"false"}}`,
      );
    },
  );

  it('is consumed by start, which answers for each message alone and never more at once than it has room for', () => {
    const [mapping] = Object.values(resourcesOf(synthesized, 'AWS::Lambda::EventSourceMapping'));
    expect(mapping?.Properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: start.ReservedConcurrentExecutions },
      BatchSize: 10,
    });
    expect(renderValue(mapping?.Properties.EventSourceArn)).toBe('<QueueJobs.Arn>');
  });
});

describe('uploads', () => {
  it('of a spec to the inbox of the data bucket go to the queue', () => {
    expect(propertiesOf(rules, 'RulesUploads').EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [expect.objectContaining({ Ref: expect.stringContaining('BucketsData') })] },
        object: {
          key: [{ wildcard: 'inbox/*.yaml' }, { wildcard: 'inbox/*.yml' }, { wildcard: 'inbox/*.json' }],
        },
      },
    });
    expect(targetsOf('RulesUploads')).toEqual([['<QueueJobs.Arn>', '<QueueDeadLetters.Arn>']]);
  });
});

describe('an execution that ends', () => {
  it('runs dispatch, however it ends, and only where it is one of this state machine', () => {
    expect(propertiesOf(rules, 'RulesEnded').EventPattern).toMatchObject({
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        stateMachineArn: [{ Ref: expect.stringContaining('StateMachine') }],
        status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
      },
    });
    expect(targetsOf('RulesEnded')).toEqual([['<FunctionsDispatchFunction.Arn>', '<QueueUndispatched.Arn>']]);
  });

  it('is told where dispatch fails three times, and never among the messages that can be given back', () => {
    const config = resourcesOf(synthesized, 'AWS::Lambda::EventInvokeConfig');
    const dispatch = propertiesOf(config, 'FunctionsDispatchFunctionEventInvokeConfig');
    expect(dispatch).toMatchObject({ MaximumRetryAttempts: 2 });
    const { OnFailure } = dispatch.DestinationConfig as { OnFailure: { Destination: unknown } };
    expect(renderValue(OnFailure.Destination)).toBe('<QueueUndispatched.Arn>');
  });
});

describe('the monitor', () => {
  it('ticks each minute, and a tick that is late or fails is not tried again', () => {
    expect(propertiesOf(rules, 'RulesTick')).toMatchObject({ ScheduleExpression: 'rate(1 minute)' });
    expect(targetsOf('RulesTick')).toEqual([['<FunctionsMonitorFunction.Arn>', undefined]]);
    const config = resourcesOf(synthesized, 'AWS::Lambda::EventInvokeConfig');
    expect(propertiesOf(config, 'FunctionsMonitorFunctionEventInvokeConfig')).toMatchObject({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });
});

describe('alarms', () => {
  it.each(['DeadLetters', 'Undispatched'])('tell of the first message of %s', (name) => {
    const alarm = propertiesOf(resourcesOf(synthesized, 'AWS::CloudWatch::Alarm'), `Alarms${name}`);
    const [queue] = alarm.Dimensions as { Value: unknown }[];
    expect(renderValue(queue?.Value)).toBe(`<Queue${name}.QueueName>`);
    expect(alarm).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Statistic: 'Maximum',
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
    expect((alarm.AlarmActions as unknown[]).map(renderValue)).toEqual(['<AlarmsTopic>']);
  });

  it('come to a topic that takes nothing but alarms', () => {
    const policy = propertiesOf(resourcesOf(synthesized, 'AWS::SNS::TopicPolicy'), 'AlarmsTopicPolicy');
    expect(policy.PolicyDocument).toMatchObject({
      Statement: [
        { Effect: 'Deny', Action: 'sns:Publish', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        { Effect: 'Allow', Action: 'sns:Publish', Principal: { Service: 'cloudwatch.amazonaws.com' } },
      ],
    });
  });

  it('reach the address of the settings, where there is one', () => {
    expect(resourcesOf(synthesized, 'AWS::SNS::Subscription')).toEqual({});
    const [subscription] = Object.values(
      resourcesOf(synthStack({ alarmEmail: 'ops@example.com' }), 'AWS::SNS::Subscription'),
    );
    expect(subscription?.Properties).toMatchObject({ Protocol: 'email', Endpoint: 'ops@example.com' });
  });
});
