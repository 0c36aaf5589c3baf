/** With `auth` the emulator asks the roles of functions and state machines, and the policies of buckets, as AWS does. */
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invokeFunction } from '../../emulator/invoke-function.ts';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';
import { deployTemplate, lambdaFunction } from '../deploy-template.ts';
import { functionArn, lambdaTask, machineArn, runExecution, stateMachine } from '../run-execution.ts';

const BUCKET = 'guarded';
/** For functions that call the SDK: `require` looks there, as it does on AWS where the runtime brings one. */
const NODE_PATH = fileURLToPath(new URL('../../../node_modules', import.meta.url));

const WRITER = `
const s3 = require('@aws-sdk/client-s3');
const client = new s3.S3Client({});
exports.handler = async ({ key, inParts, ...condition }) => {
  const place = { Bucket: '${BUCKET}', Key: key };
  if (inParts) {
    const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand(place));
    const upload = { ...place, UploadId };
    const { ETag } = await client.send(new s3.UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await client.send(new s3.CompleteMultipartUploadCommand({ ...upload, ...condition, MultipartUpload }));
  } else await client.send(new s3.PutObjectCommand({ ...place, Body: 'x', ...condition }));
  return 'written';
};
exports.reader = async ({ key }) => {
  const { Body } = await client.send(new s3.GetObjectCommand({ Bucket: '${BUCKET}', Key: key }));
  return await Body.transformToString();
};`;

type Statement = { readonly Action: string; readonly Resource: string };
const role = (RoleName: string, service: string, statements: readonly Statement[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName,
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    },
    Policies: [
      {
        PolicyName: 'own',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
        },
      },
    ],
  },
});
const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const objects = (prefix: string) => `arn:aws:s3:::${BUCKET}/${prefix}*`;

const call = (name: string) => ({ StartAt: 'Call', States: { Call: lambdaTask(name, { End: true }) } });
const each = {
  StartAt: 'Each',
  States: {
    Each: {
      Type: 'Map',
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSONL' },
        Parameters: { Bucket: BUCKET, 'Key.$': '$.key' },
      },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Item',
        States: { Item: { Type: 'Pass', End: true } },
      },
      End: true,
    },
  },
};
const put = {
  StartAt: 'Put',
  States: {
    Put: {
      Type: 'Task',
      Resource: 'arn:aws:states:::aws-sdk:s3:putObject',
      Parameters: { Bucket: BUCKET, 'Key.$': '$.key', Body: { a: 1 } },
      End: true,
    },
  },
};

let emulator: Emulator;
let root: S3Client;

beforeAll(async () => {
  emulator = await startEmulator({ auth: true });
  root = new S3Client({ ...emulator, forcePathStyle: true });
  const variables = { NODE_PATH };
  const options = { variables, role: arnOf('WriterRole') };
  const machineRole = arnOf('MachineRole');
  await deployTemplate(emulator, 'guarded', {
    Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: BUCKET } },
    Policy: {
      Type: 'AWS::S3::BucketPolicy',
      DependsOn: 'Bucket',
      Properties: {
        Bucket: BUCKET,
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:PutObject',
              Resource: objects('once/'),
              Condition: {
                Null: { 's3:if-none-match': 'true' },
                Bool: { 's3:ObjectCreationOperation': 'true' },
              },
            },
          ],
        },
      },
    },
    WriterRole: role('writer', 'lambda.amazonaws.com', [
      { Action: 's3:PutObject', Resource: objects('') },
      { Action: 's3:GetObject', Resource: objects('open/') },
    ]),
    MachineRole: role('machine', 'states.amazonaws.com', [
      { Action: 'lambda:InvokeFunction', Resource: functionArn('writer') },
      { Action: 's3:GetObject', Resource: objects('open/') },
      { Action: 's3:PutObject', Resource: objects('notes/') },
      { Action: 'states:StartExecution', Resource: machineArn('each') },
    ]),
    Writer: lambdaFunction('writer', WRITER, options),
    Other: lambdaFunction('other', WRITER, options),
    Reader: lambdaFunction('reader', WRITER, { ...options, handler: 'index.reader' }),
    Allowed: stateMachine('allowed', call('writer'), machineRole),
    Refused: stateMachine('refused', call('other'), machineRole),
    Each: stateMachine('each', each, machineRole),
    NoChildren: stateMachine('no-children', each, machineRole),
    Put: stateMachine('put', put, machineRole),
  });
  await root.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'open/items', Body: '{"a":1}\n' }));
});
afterAll(() => emulator.stop());

/** @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html */
describe('a function', () => {
  it('does with the SDK what its role may, and nothing else', async () => {
    for (const key of ['open/a', 'closed/a'])
      expect((await invokeFunction(emulator, 'writer', { key })).payload).toBe('written');
    expect((await invokeFunction(emulator, 'reader', { key: 'open/a' })).payload).toBe('x');
    expect((await invokeFunction(emulator, 'reader', { key: 'closed/a' })).payload).toMatchObject({
      errorType: 'AccessDenied',
    });
  });
});

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html */
describe('a state machine', () => {
  it('invokes the functions that its role may invoke', async () => {
    expect(await runExecution(emulator, 'allowed', { key: 'open/b' })).toMatchObject({ output: '"written"' });
    expect(await runExecution(emulator, 'refused', { key: 'open/b' })).toMatchObject({
      status: 'FAILED',
      error: 'Lambda.AWSLambdaException',
      cause: expect.stringContaining('assumed-role/machine/'),
    });
  });

  it('reads items and starts children as its role', async () => {
    expect(await runExecution(emulator, 'each', { key: 'open/items' })).toMatchObject({
      output: '[{"a": 1}]',
    });
    expect(await runExecution(emulator, 'each', { key: 'closed/items' })).toMatchObject({
      error: 'States.ItemReaderFailed',
      cause: expect.stringContaining('s3:GetObject'),
    });
    expect(await runExecution(emulator, 'no-children', { key: 'open/items' })).toMatchObject({
      error: 'States.Permissions',
      cause: expect.stringContaining('states:StartExecution'),
    });
  });

  it('puts objects as its role', async () => {
    expect(await runExecution(emulator, 'put', { key: 'notes/a' })).toMatchObject({ status: 'SUCCEEDED' });
    const { Body } = await root.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'notes/a' }));
    expect(await Body?.transformToString()).toBe('{"a":1}');
    expect(await runExecution(emulator, 'put', { key: 'open/a' })).toMatchObject({
      status: 'FAILED',
      error: 'S3.S3Exception',
      cause: expect.stringContaining('Status Code: 403'),
    });
  });
});

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html */
describe('a bucket policy that asks for If-None-Match', () => {
  it.each([{ inParts: false }, { inParts: true }])(
    'refuses a write without it, and lets one with it pass, $inParts in parts',
    async ({ inParts }) => {
      const event = { key: `once/${inParts}`, inParts };
      const refused = await invokeFunction(emulator, 'writer', event);
      expect(refused.payload).toMatchObject({ errorType: 'AccessDenied' });
      const written = await invokeFunction(emulator, 'writer', { ...event, IfNoneMatch: '*' });
      expect(written.payload).toBe('written');
      const again = await invokeFunction(emulator, 'writer', { ...event, IfNoneMatch: '*' });
      expect(again.payload).toMatchObject({ errorType: 'PreconditionFailed' });
    },
  );
});

describe('a caller', () => {
  it('fails without credentials that the emulator knows', async () => {
    const stranger = new S3Client({
      ...emulator,
      forcePathStyle: true,
      credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'none' },
    });
    await expect(
      stranger.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'open/items' })),
    ).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });
});
