/** State machines in the emulator behave as AWS's do where ministack's own do not. Each law names AWS's page. */
import {
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listInvocations, orderFault } from '../../emulator/emulator-door.ts';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';
import { deployTemplate, lambdaFunction } from '../deploy-template.ts';
import {
  lambdaTask,
  machineArn,
  runExecution,
  startExecution,
  stateMachine,
  waitForExecution,
} from '../run-execution.ts';

const FUNCTION = `
exports.handler = async (event) => {
  if (event.ms) await new Promise((resolve) => setTimeout(resolve, event.ms));
  if (event.fail) throw Object.assign(new Error('as asked'), { name: event.fail });
  return event.length ? { text: 'x'.repeat(event.length) } : { seen: event };
};`;

const pass = (fields: object) => ({
  StartAt: 'Only',
  States: { Only: { Type: 'Pass', End: true, ...fields } },
});
const task = (fields: object = {}) => ({
  StartAt: 'Call',
  States: { Call: lambdaTask('f', { End: true, ...fields }) },
});
const caught = (errors: readonly string[]) => ({
  StartAt: 'Call',
  States: {
    Call: lambdaTask('f', {
      Next: 'Fine',
      Catch: [{ ErrorEquals: errors, Next: 'Caught', ResultPath: '$.error' }],
    }),
    Fine: { Type: 'Succeed' },
    Caught: {
      Type: 'Pass',
      End: true,
      Parameters: { 'name.$': '$.error.Error', 'cause.$': '$.error.Cause' },
    },
  },
});
const retried = (retrier: object) => ({
  StartAt: 'Call',
  States: { Call: lambdaTask('again', { End: true, Retry: [{ ErrorEquals: ['Again'], ...retrier }] }) },
});

/** A twentieth: what is two seconds on AWS is 100 ms here. */
const WAIT_SCALE = 0.05;

let emulator: Emulator;
let client: SFNClient;

beforeAll(async () => {
  emulator = await startEmulator({ waitScale: WAIT_SCALE });
  client = new SFNClient({ ...emulator, maxAttempts: 1 });
  await deployTemplate(emulator, 'machines', {
    F: lambdaFunction('f', FUNCTION),
    Again: lambdaFunction('again', FUNCTION),
    Task: stateMachine('task', task()),
    Whole: stateMachine('whole', task({ OutputPath: '$' })),
    Slow: stateMachine('slow', task({ TimeoutSeconds: 1 })),
    Late: stateMachine('late', { ...task(), TimeoutSeconds: 1 }),
    All: stateMachine('all', caught(['States.ALL'])),
    Named: stateMachine('named', caught(['States.DataLimitExceeded'])),
    Missing: stateMachine('missing', pass({ Parameters: { 'value.$': '$.not.there' } })),
    Intrinsic: stateMachine('intrinsic', pass({ Parameters: { 'value.$': "States.StringToJson('{')" } })),
    Format: stateMachine('format', pass({ Parameters: { 'text.$': "States.Format('{}-{}', $.a, $.b)" } })),
    Places: stateMachine('places', pass({ Parameters: { 'text.$': "States.Format('{}', $.a, $.b)" } })),
    Nested: stateMachine('nested', pass({ Parameters: { list: [[{ 'id.$': '$.id' }]] } })),
    Grown: stateMachine('grown', pass({ ResultPath: '$.copy' })),
    Waiting: stateMachine('waiting', {
      StartAt: 'Wait',
      States: { Wait: { Type: 'Wait', Seconds: 3600, Next: 'End' }, End: { Type: 'Succeed' } },
    }),
    Present: stateMachine('present', {
      StartAt: 'Choose',
      States: {
        Choose: {
          Type: 'Choice',
          Choices: [
            {
              And: [
                { Variable: '$.a', IsPresent: true },
                { Variable: '$.a.b', NumericEquals: 1 },
              ],
              Next: 'Yes',
            },
          ],
          Default: 'No',
        },
        Yes: { Type: 'Pass', Result: 'yes', End: true },
        No: { Type: 'Pass', Result: 'no', End: true },
      },
    }),
    Doubling: stateMachine('doubling', retried({ IntervalSeconds: 2, MaxAttempts: 3, BackoffRate: 2 })),
    Capped: stateMachine(
      'capped',
      retried({ IntervalSeconds: 60, MaxAttempts: 2, BackoffRate: 10, MaxDelaySeconds: 4 }),
    ),
    Jittered: stateMachine(
      'jittered',
      retried({ IntervalSeconds: 40, MaxAttempts: 2, JitterStrategy: 'FULL' }),
    ),
    Throttled: stateMachine(
      'throttled',
      task({ Retry: [{ ErrorEquals: ['Lambda.TooManyRequestsException'], IntervalSeconds: 1 }] }),
    ),
    Looping: stateMachine('looping', {
      StartAt: 'Again',
      States: { Again: { Type: 'Pass', Next: 'And' }, And: { Type: 'Pass', Next: 'Again' } },
    }),
  });
});
afterAll(() => emulator.stop());

const output = async (machine: string, input: unknown) => {
  const execution = await runExecution(emulator, machine, input);
  expect(execution.status).toBe('SUCCEEDED');
  return JSON.parse(execution.output ?? 'null');
};

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
describe('errors', () => {
  it('carry the name that the handler threw, and its payload as the cause', async () => {
    const { status, error, cause } = await runExecution(emulator, 'task', { fail: 'BlockMissingError' });
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'BlockMissingError' });
    expect(JSON.parse(cause ?? '')).toMatchObject({
      errorType: 'BlockMissingError',
      errorMessage: 'as asked',
    });
    expect(await output('all', { fail: 'Odd' })).toMatchObject({ name: 'Odd' });
  });

  it('of Lambda itself have the names of its API', async () => {
    for (const [kind, name] of [
      ['throttle', 'Lambda.TooManyRequestsException'],
      ['service-error', 'Lambda.ServiceException'],
      ['lose-answer', 'Lambda.ServiceException'],
    ] as const) {
      await orderFault(emulator, { target: 'lambda', kind, function: 'f' });
      expect(await runExecution(emulator, 'task')).toMatchObject({ status: 'FAILED', error: name });
    }
  });

  it('that are a path into nothing end the execution, and States.ALL does not catch them', async () => {
    expect(await runExecution(emulator, 'missing')).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: expect.stringContaining("'$.not.there' could not be found"),
    });
    expect(await runExecution(emulator, 'intrinsic')).toMatchObject({ error: 'States.IntrinsicFailure' });
    expect(await runExecution(emulator, 'grown', ['no', 'object'])).toMatchObject({
      error: 'States.ResultPathMatchFailure',
    });
  });

  it('of a timeout are those of the task, or end the execution as TIMED_OUT', async () => {
    expect(await runExecution(emulator, 'slow', { ms: 3000 })).toMatchObject({ error: 'States.Timeout' });
    expect(await runExecution(emulator, 'late', { ms: 3000 })).toMatchObject({ status: 'TIMED_OUT' });
  });
});

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
describe('limits', () => {
  it('end what holds more than 256 KiB, whichever state gives it', async () => {
    const limit = { status: 'FAILED', error: 'States.DataLimitExceeded' };
    expect(await runExecution(emulator, 'task', { length: 262_144 })).toMatchObject(limit);
    // Each half fits; the state with both does not.
    expect(await runExecution(emulator, 'grown', { text: 'x'.repeat(140_000) })).toMatchObject(limit);
    expect((await runExecution(emulator, 'task', { length: 200_000 })).status).toBe('SUCCEEDED');
  });

  it('are caught by their own name only', async () => {
    expect(await runExecution(emulator, 'all', { length: 262_144 })).toMatchObject({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
    });
    expect(await output('named', { length: 262_144 })).toMatchObject({ name: 'States.DataLimitExceeded' });
  });

  it('end an execution at 25,000 events', async () => {
    const execution = await runExecution(emulator, 'looping');
    expect(execution).toMatchObject({ status: 'FAILED', cause: expect.stringContaining('25000') });
    const { events = [] } = await client.send(
      new GetExecutionHistoryCommand({
        executionArn: execution.executionArn ?? '',
        reverseOrder: true,
        maxResults: 1,
      }),
    );
    expect(events).toMatchObject([{ id: 25_000, type: 'ExecutionFailed' }]);
  });
});

/** @see https://states-language.net/spec.html */
describe('states', () => {
  it('give the whole result of lambda:invoke where nothing selects from it', async () => {
    expect(await output('whole', { a: 1 })).toMatchObject({
      ExecutedVersion: '$LATEST',
      Payload: { seen: { a: 1 } },
      SdkHttpMetadata: { HttpStatusCode: 200 },
      StatusCode: 200,
    });
  });

  it('format values as JSON has them, as many as there are places', async () => {
    expect(await output('format', { a: true, b: null })).toEqual({ text: 'true-null' });
    expect(await runExecution(emulator, 'places', { a: 1, b: 2 })).toMatchObject({
      error: 'States.IntrinsicFailure',
    });
  });

  it('fill templates at any depth', async () => {
    expect(await output('nested', { id: 7 })).toEqual({ list: [[{ id: 7 }]] });
  });

  it('choose by what is there', async () => {
    expect(await output('present', { a: { b: 1 } })).toBe('yes');
    expect(await output('present', {})).toBe('no');
  });
});

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error */
describe('attempts', () => {
  /** Seconds, unscaled, between the ends of the attempts of one execution. */
  const pauses = async (machine: string) => {
    const before = (await listInvocations(emulator, 'again')).length;
    await runExecution(emulator, machine, { fail: 'Again' });
    const ends = (await listInvocations(emulator, 'again'))
      .slice(before)
      .map(({ startedAt }) => Date.parse(startedAt) / 1000);
    return ends.slice(1).map((at, index) => (at - (ends[index] ?? 0)) / WAIT_SCALE);
  };

  it('wait longer each time, by the rate', async () => {
    const [first = 0, second = 0, third = 0, ...more] = await pauses('doubling');
    expect(more).toEqual([]);
    expect(first).toBeGreaterThanOrEqual(1.9);
    expect(second).toBeGreaterThanOrEqual(3.9);
    expect(third).toBeGreaterThanOrEqual(7.9);
  });

  it('wait MaxDelaySeconds at most, and with full jitter less', async () => {
    for (const pause of await pauses('capped')) {
      expect(pause).toBeGreaterThanOrEqual(3.9);
      expect(pause).toBeLessThan(60);
    }
    const [first = 0, second = 0] = await pauses('jittered');
    // Without jitter 40 and 80; with it that little by chance once in 10^12 tests.
    expect(first + second).toBeLessThan(119.9);
  });

  it('follow a throttled call where its name is retried', async () => {
    await orderFault(emulator, { target: 'lambda', kind: 'throttle', function: 'f', times: 2 });
    expect(await output('throttled', { a: 1 })).toEqual({ seen: { a: 1 } });
  });
});

/** @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
describe('StartExecution', () => {
  const start = (name: string, input: string) =>
    client.send(new StartExecutionCommand({ stateMachineArn: machineArn('waiting'), name, input }));

  it('answers the same for the same input while it runs, and refuses another input or one that has ended', async () => {
    const first = await start('fixed', '{"a":1}');
    const again = await start('fixed', '{"a":1}');
    expect(again.executionArn).toBe(first.executionArn);
    expect(again.startDate).toEqual(first.startDate);
    await expect(start('fixed', '{"a":2}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await client.send(new StopExecutionCommand({ executionArn: first.executionArn }));
    await expect(start('fixed', '{"a":1}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
  });

  it('refuses names of more than 80 characters or with characters of ARNs, and input that is too long or no JSON', async () => {
    for (const name of ['x'.repeat(81), 'a/b', 'a b', 'a:b'])
      await expect(start(name, '{}')).rejects.toMatchObject({ name: 'InvalidName' });
    for (const input of ['{', JSON.stringify('x'.repeat(262_144))])
      await expect(start('input', input)).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
  });
});

describe('StopExecution', () => {
  it('ends what waits', async () => {
    const executionArn = await startExecution(client, 'waiting');
    await client.send(new StopExecutionCommand({ executionArn, error: 'Enough', cause: 'of it' }));
    expect(await waitForExecution(client, executionArn)).toMatchObject({
      status: 'ABORTED',
      error: 'Enough',
    });
  });

  it('is the end, also where the task fails afterwards', async () => {
    const executionArn = await startExecution(client, 'task', { ms: 600, fail: 'Afterwards' });
    await client.send(new StopExecutionCommand({ executionArn }));
    await expect
      .poll(async () => (await listInvocations(emulator, 'f')).map(({ outcome }) => outcome), {
        timeout: 10_000,
      })
      .toContain('Afterwards');
    // The state machine hears of it a moment later; an execution that is over takes no event any more.
    await runExecution(emulator, 'task');
    expect(await waitForExecution(client, executionArn)).toMatchObject({ status: 'ABORTED' });
    const { events = [] } = await client.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true }),
    );
    expect(events[0]?.type).toBe('ExecutionAborted');
  });
});
