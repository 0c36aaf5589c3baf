/** Metrics out of logs, and alarms over them, behave as CloudWatch's do where ministack's own do not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invokeFunction, rootAuthorization } from '../../emulator/invoke-function.ts';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';
import { deployTemplate, lambdaFunction } from '../deploy-template.ts';

/** Writes one metric in the embedded format, by the console with the prefix of AWS's runtime or without. */
const EMITTER = `
exports.handler = async ({ stack, value, prefix = '' }) => {
  const metric = { Namespace: 'Test', Dimensions: [['Stack']], Metrics: [{ Name: 'Slack', Unit: 'Seconds' }] };
  const document = { _aws: { Timestamp: Date.now(), CloudWatchMetrics: [metric] }, Stack: stack, Slack: value };
  process.stdout.write(prefix + JSON.stringify(document) + '\\n');
};`;

const alarm = (name: string, fields: object) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmName: name,
    Namespace: 'Test',
    MetricName: 'Slack',
    Dimensions: [{ Name: 'Stack', Value: 'mine' }],
    Statistic: 'Minimum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: 'LessThanThreshold',
    ...fields,
  },
});

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ environment: { ALARM_TICK_SECONDS: '0.2' } });
  await deployTemplate(emulator, 'alarms', {
    Emitter: lambdaFunction('emitter', EMITTER),
    Late: alarm('late', { TreatMissingData: 'notBreaching' }),
    TwoOfThree: alarm('two-of-three', {
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      TreatMissingData: 'notBreaching',
    }),
    Dead: alarm('dead', { MetricName: 'Tick', TreatMissingData: 'breaching' }),
    Silent: alarm('silent', { MetricName: 'Tick' }),
    Page: {
      Type: 'AWS::CloudWatch::CompositeAlarm',
      DependsOn: 'Late',
      Properties: { AlarmName: 'page', AlarmRule: 'ALARM("late")' },
    },
  });
});
afterAll(() => emulator.stop());

const stateOf = async (name: string): Promise<string | undefined> => {
  const reply = await fetch(emulator.endpoint, {
    method: 'POST',
    headers: {
      Authorization: rootAuthorization(emulator, 'monitoring'),
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      Action: 'DescribeAlarms',
      Version: '2010-08-01',
      'AlarmNames.member.1': name,
      'AlarmTypes.member.1': 'MetricAlarm',
      'AlarmTypes.member.2': 'CompositeAlarm',
    }),
  });
  return /<StateValue>(\w+)</.exec(await reply.text())?.[1];
};
const eventually = (name: string) => expect.poll(() => stateOf(name), { timeout: 10_000 });

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html */
describe('an alarm', () => {
  it('treats missing data as it is told', async () => {
    await eventually('dead').toBe('ALARM');
    await eventually('late').toBe('OK');
    expect(await stateOf('silent')).toBe('INSUFFICIENT_DATA');
  });

  it('takes its metric from the log, of its own dimension only, and a composite follows it', async () => {
    await invokeFunction(emulator, 'emitter', { stack: 'another', value: -5 });
    // A metric that comes has all alarms looked at.
    expect(await stateOf('late')).toBe('OK');
    await invokeFunction(emulator, 'emitter', { stack: 'mine', value: -5, prefix: '2026-01-01\tid\tINFO\t' });
    await eventually('late').toBe('ALARM');
    await eventually('page').toBe('ALARM');
    // One period of the three has a value below: two are needed.
    expect(await stateOf('two-of-three')).toBe('OK');
  });
});
