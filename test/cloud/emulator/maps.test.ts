/** Distributed Maps in the emulator behave as AWS documents them. Each law names AWS's page. */
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeMapRunCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
  SFNClient,
  StopExecutionCommand,
  UpdateMapRunCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Invocation, listInvocations } from '../../emulator/emulator-door.ts';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';
import { deployTemplate, lambdaFunction } from '../deploy-template.ts';
import {
  lambdaTask,
  runExecution,
  startExecution,
  stateMachine,
  waitForExecution,
} from '../run-execution.ts';

const FUNCTION = `
exports.handler = async (event) => {
  const { ms, fail, length } = event.value ?? event;
  if (ms) await new Promise((resolve) => setTimeout(resolve, ms));
  if (fail) throw Object.assign(new Error('as asked'), { name: fail });
  return length ? 'x'.repeat(length) : event;
};`;

const BUCKET = 'items';

const child = (name: string, fields: object = {}) => ({
  StartAt: 'Call',
  States: {
    Call: lambdaTask(name, { End: true, ...fields }),
  },
});
const map = (processor: object, fields: object = {}) => ({
  StartAt: 'Each',
  States: {
    Each: {
      Type: 'Map',
      Label: 'Each',
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSONL' },
        Parameters: { Bucket: BUCKET, 'Key.$': '$.key' },
      },
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, ...processor },
      Next: 'Done',
      ...fields,
    },
    Done: { Type: 'Succeed' },
  },
});
const selected = (name: string) =>
  map(child(name), {
    ItemSelector: { 'index.$': '$$.Map.Item.Index', 'value.$': '$$.Map.Item.Value', 'job.$': '$.job' },
    MaxConcurrencyPath: '$.concurrency',
    ToleratedFailureCountPath: '$.tolerated',
  });
const FAILED = {
  Fail: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
};
/** As the job's machine does: what fails leaves a note in S3, and the child ends with the task's own error. */
const noted = {
  StartAt: 'Call',
  States: {
    Call: lambdaTask('f', {
      End: true,
      Retry: [{ ErrorEquals: ['Again'], MaxAttempts: 2 }],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Note' }],
    }),
    Note: {
      Type: 'Task',
      Resource: 'arn:aws:states:::aws-sdk:s3:putObject',
      Parameters: {
        Bucket: BUCKET,
        'Key.$': "States.Format('notes/{}/{}.json', $.id, States.UUID())",
        Body: { 'Error.$': '$.error.Error', 'child.$': '$$.Execution.Name' },
      },
      ResultPath: null,
      Next: 'Fail',
    },
    ...FAILED,
  },
};

let emulator: Emulator;
let client: SFNClient;
let s3: S3Client;

const putItems = async (key: string, items: readonly unknown[]): Promise<string> => {
  await s3.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: key,
      Body: Buffer.from(items.map((item) => `${JSON.stringify(item)}\n`).join('')),
    }),
  );
  return key;
};
const numbered = (count: number, fields: (index: number) => object) =>
  Array.from({ length: count }, (_, id) => ({ id, ...fields(id) }));

/** The most that were under way at one moment. */
const mostAtOnce = (invocations: readonly Invocation[]): number => {
  const begins = invocations.map(({ startedAt }) => Date.parse(startedAt));
  const ends = invocations.map(({ seconds }, index) => (begins[index] ?? 0) + seconds * 1000);
  return Math.max(
    ...begins.map((at) => begins.filter((begin, i) => begin <= at && at < (ends[i] ?? 0)).length),
  );
};
const mapRunOf = async (executionArn: string | undefined): Promise<string> => {
  const runs = await client.send(new ListMapRunsCommand({ executionArn }));
  expect(runs.mapRuns).toHaveLength(1);
  return runs.mapRuns?.[0]?.mapRunArn ?? '';
};

beforeAll(async () => {
  emulator = await startEmulator({ waitScale: 0.05 });
  client = new SFNClient({ ...emulator, maxAttempts: 1 });
  s3 = new S3Client({ ...emulator, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const names = ['f', 'bounded', 'stopped', 'early', 'widened'];
  await deployTemplate(emulator, 'maps', {
    ...Object.fromEntries(names.map((name) => [`F${name}`, lambdaFunction(name, FUNCTION)])),
    Bounded: stateMachine('bounded', selected('bounded')),
    Early: stateMachine('early', selected('early')),
    Plain: stateMachine('plain', map(child('f'))),
    Share: stateMachine('share', map(child('f'), { ToleratedFailurePercentage: 50 })),
    Caught: stateMachine(
      'caught',
      map(child('f'), { Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Done' }] }),
    ),
    Stopped: stateMachine('stopped', map(child('stopped'), { MaxConcurrency: 2 })),
    Widened: stateMachine('widened', map(child('widened'), { MaxConcurrency: 1 })),
    Noted: stateMachine('noted', map(noted, { ToleratedFailureCount: 9, ResultPath: null })),
    Inline: stateMachine('inline', {
      StartAt: 'Each',
      States: { Each: { Type: 'Map', ItemsPath: '$.items', ItemProcessor: child('f'), End: true } },
    }),
  });
});
afterAll(() => emulator.stop());

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html */
describe('items', () => {
  it('are the lines of a JSONL object, given in their order by the selector', async () => {
    // A line separator of Unicode inside a string ends no line of JSONL.
    const key = await putItems('selected', [{ text: 'a\u2028b' }, { text: 'c' }]);
    const { status, output } = await runExecution(emulator, 'bounded', {
      key,
      job: 'j',
      concurrency: 2,
      tolerated: 0,
    });
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output ?? '')).toEqual([
      { index: 0, value: { text: 'a\u2028b' }, job: 'j' },
      { index: 1, value: { text: 'c' }, job: 'j' },
    ]);
  });

  it('are none in an empty object, and an object that is not there fails the state', async () => {
    const empty = await putItems('empty', []);
    expect(await runExecution(emulator, 'plain', { key: empty })).toMatchObject({
      status: 'SUCCEEDED',
      output: '[]',
    });
    expect(await runExecution(emulator, 'plain', { key: 'nowhere' })).toMatchObject({
      status: 'FAILED',
      error: 'States.ItemReaderFailed',
    });
  });
});

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html */
describe('a Map Run', () => {
  it('runs as many children at once as the state says, and no more', async () => {
    const key = await putItems(
      'bounded',
      numbered(12, () => ({ ms: 150 })),
    );
    const before = (await listInvocations(emulator, 'bounded')).length;
    await runExecution(emulator, 'bounded', { key, job: 'j', concurrency: 3, tolerated: 0 });
    const made = (await listInvocations(emulator, 'bounded')).slice(before);
    expect(made).toHaveLength(12);
    expect(mostAtOnce(made)).toBe(3);
  });

  it('bears as many failed items as it tolerates', async () => {
    const key = await putItems(
      'tolerated',
      numbered(6, (id) => (id < 2 ? { fail: 'Bad' } : {})),
    );
    const borne = await runExecution(emulator, 'bounded', { key, job: 'j', concurrency: 6, tolerated: 2 });
    expect(borne.status).toBe('SUCCEEDED');
    const plain = await putItems(
      'share',
      numbered(6, (id) => (id < 3 ? { fail: 'Bad' } : {})),
    );
    const { status, executionArn } = await runExecution(emulator, 'share', { key: plain });
    expect(status).toBe('SUCCEEDED');
    const run = await client.send(new DescribeMapRunCommand({ mapRunArn: await mapRunOf(executionArn) }));
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      toleratedFailurePercentage: 50,
      itemCounts: { total: 6, succeeded: 3, failed: 3, pending: 0, running: 0 },
    });
  });

  it('starts nothing more when it is over its tolerance, and aborts what runs', async () => {
    const items = numbered(40, (id) => (id < 2 ? { fail: 'Bad' } : { ms: 2000 }));
    const key = await putItems('early', items);
    const input = { key, job: 'j', concurrency: 4, tolerated: 1 };
    const execution = await runExecution(emulator, 'early', input);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    const { itemCounts, status } = await client.send(
      new DescribeMapRunCommand({ mapRunArn: await mapRunOf(execution.executionArn) }),
    );
    expect(status).toBe('FAILED');
    expect(itemCounts).toMatchObject({ total: 40, failed: 2, running: 0, pending: 0 });
    expect(itemCounts?.aborted).toBeGreaterThan(30);
  });

  it('tolerates no failure where the state gives no measure, and its error is caught by the state', async () => {
    const key = await putItems(
      'strict',
      numbered(3, (id) => (id === 1 ? { fail: 'Bad' } : {})),
    );
    expect(await runExecution(emulator, 'plain', { key })).toMatchObject({
      status: 'FAILED',
      error: 'States.ExceedToleratedFailureThreshold',
    });
    const { status, output } = await runExecution(emulator, 'caught', { key });
    expect({ status, output: JSON.parse(output ?? '') }).toMatchObject({
      status: 'SUCCEEDED',
      output: { key, error: { Error: 'States.ExceedToleratedFailureThreshold' } },
    });
  });

  it('fails where its children give more than 256 KiB together, for want of a ResultWriter', async () => {
    const key = await putItems(
      'large',
      numbered(4, () => ({ length: 70_000 })),
    );
    expect(await runExecution(emulator, 'plain', { key })).toMatchObject({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
    });
  });

  it('lists its children, each an execution with a history of its own', async () => {
    const key = await putItems(
      'listed',
      numbered(3, () => ({})),
    );
    const { executionArn } = await runExecution(emulator, 'plain', { key });
    const mapRunArn = await mapRunOf(executionArn);
    expect(mapRunArn).toContain(':mapRun:plain/Each:');
    const { executions = [] } = await client.send(new ListExecutionsCommand({ mapRunArn }));
    expect(executions.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    const [first] = executions;
    expect(first?.stateMachineArn).toMatch(/:stateMachine:plain\/Each$/);
    const { events = [] } = await client.send(
      new GetExecutionHistoryCommand({ executionArn: first?.executionArn }),
    );
    expect(events.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    const parent = await client.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(parent.events?.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'MapStateEntered',
      'MapRunStarted',
      'MapRunSucceeded',
      'MapStateExited',
      'SucceedStateEntered',
      'SucceedStateExited',
      'ExecutionSucceeded',
    ]);
  });

  it('takes another concurrency while it runs, and none when it has ended', async () => {
    const key = await putItems(
      'widened',
      numbered(9, () => ({ ms: 400 })),
    );
    const executionArn = await startExecution(client, 'widened', { key });
    await expect
      .poll(async () => (await listInvocations(emulator, 'widened')).length, { timeout: 10_000 })
      .toBeGreaterThan(0);
    const mapRunArn = await mapRunOf(executionArn);
    await client.send(new UpdateMapRunCommand({ mapRunArn, maxConcurrency: 8 }));
    await waitForExecution(client, executionArn);
    expect(mostAtOnce(await listInvocations(emulator, 'widened'))).toBeGreaterThan(3);
    await expect(
      client.send(new UpdateMapRunCommand({ mapRunArn, maxConcurrency: 1 })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('is aborted with its execution; a function that is under way ends, and none begins', async () => {
    const key = await putItems(
      'stopped',
      numbered(20, () => ({ ms: 700 })),
    );
    const executionArn = await startExecution(client, 'stopped', { key });
    await expect
      .poll(async () => (await client.send(new ListMapRunsCommand({ executionArn }))).mapRuns)
      .toHaveLength(1);
    const mapRunArn = await mapRunOf(executionArn);
    await client.send(new StopExecutionCommand({ executionArn }));
    await expect
      .poll(async () => (await client.send(new DescribeMapRunCommand({ mapRunArn }))).status)
      .toBe('ABORTED');
    const { itemCounts } = await client.send(new DescribeMapRunCommand({ mapRunArn }));
    expect(itemCounts).toMatchObject({ pending: 0, running: 0, aborted: 20 });
    const { executions = [] } = await client.send(new ListExecutionsCommand({ mapRunArn }));
    expect(new Set(executions.map(({ status }) => status))).toEqual(new Set(['ABORTED']));
    await expect
      .poll(async () => (await listInvocations(emulator, 'stopped')).length, { timeout: 10_000 })
      .toBe(executions.length);
    expect(executions.length).toBeLessThanOrEqual(2);
  });
});

describe('a child', () => {
  it('tries again, leaves a note of its failure by the role of the machine, and ends with the own error', async () => {
    const key = await putItems('noted', [{ id: 1 }, { id: 2, fail: 'Again' }]);
    const { status, output, executionArn } = await runExecution(emulator, 'noted', { key });
    expect({ status, output: JSON.parse(output ?? '') }).toEqual({ status: 'SUCCEEDED', output: { key } });
    const { executions = [] } = await client.send(
      new ListExecutionsCommand({ mapRunArn: await mapRunOf(executionArn), statusFilter: 'FAILED' }),
    );
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'notes/' }));
    expect(Contents.map(({ Key }) => Key)).toEqual([
      expect.stringMatching(/^notes\/2\/[0-9a-f-]{36}\.json$/),
    ]);
    const note = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: Contents[0]?.Key }));
    expect(JSON.parse((await note.Body?.transformToString()) ?? '')).toEqual({
      Error: 'Again',
      child: executions[0]?.name,
    });
  });
});

describe('a Map in INLINE mode', () => {
  it('runs its branches inside the execution', async () => {
    const { output } = await runExecution(emulator, 'inline', { items: [{ id: 1 }, { id: 2 }] });
    expect(JSON.parse(output ?? '')).toEqual([{ id: 1 }, { id: 2 }]);
  });
});
