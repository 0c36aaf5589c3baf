/** What ministack does by itself and the stack leans on: events, queues, the HTTP API, secrets. */
import { fileURLToPath } from 'node:url';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { GetQueueUrlCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listInvocations } from '../../emulator/emulator-door.ts';
import { invokeFunction } from '../../emulator/invoke-function.ts';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';
import { deployTemplate, lambdaFunction } from '../deploy-template.ts';
import { functionArn, machineArn, runExecution, startExecution, stateMachine } from '../run-execution.ts';

const NODE_PATH = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

const CONSUMER = `
exports.handler = async ({ Records }) => ({
  batchItemFailures: Records.filter(({ body }) => JSON.parse(body).detail.object.key.endsWith('bad'))
    .map(({ messageId }) => ({ itemIdentifier: messageId })),
});`;
const AUTHORIZER = `
exports.handler = async ({ identitySource }) =>
  ({ isAuthorized: identitySource[0] === 'Bearer good', context: { scope: 'jobs' } });`;
const API = `
exports.handler = async ({ rawPath, pathParameters, body, requestContext }) => pathParameters?.job === 'none' ? no() : ({
  statusCode: 202,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ rawPath, pathParameters, body, scope: requestContext.authorizer.lambda.scope }),
});`;
const SECRET = `
const { SecretsManagerClient, GetSecretValueCommand } = require('@aws-sdk/client-secrets-manager');
const client = new SecretsManagerClient({});
exports.handler = async () => (await client.send(new GetSecretValueCommand({ SecretId: 'keys' }))).SecretString;`;

const rule = (EventPattern: object, queue: string) => ({
  Type: 'AWS::Events::Rule',
  Properties: { EventPattern, Targets: [{ Id: queue, Arn: queueArn(queue) }] },
});
const route = (RouteKey: string) => ({
  Type: 'AWS::ApiGatewayV2::Route',
  Properties: {
    ApiId: { Ref: 'Api' },
    RouteKey,
    Target: { 'Fn::Join': ['/', ['integrations', { Ref: 'Integration' }]] },
    AuthorizationType: 'CUSTOM',
    AuthorizerId: { Ref: 'Authorizer' },
  },
});

let emulator: Emulator;
let sqs: SQSClient;
let apiId: string;
let keptRef: string;

beforeAll(async () => {
  emulator = await startEmulator();
  sqs = new SQSClient({ ...emulator, useQueueUrlAsEndpoint: false });
  const outputs = await deployTemplate(
    emulator,
    'services',
    {
      Inbox: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          QueueName: 'inbox',
          VisibilityTimeout: 1,
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 2 },
        },
      },
      Dead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } },
      Ended: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'ended' } },
      Bucket: {
        Type: 'AWS::S3::Bucket',
        Properties: {
          BucketName: 'uploads',
          NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
        },
      },
      Uploads: rule(
        {
          source: ['aws.s3'],
          'detail-type': ['Object Created'],
          detail: { bucket: { name: ['uploads'] }, object: { key: [{ prefix: 'inbox/' }] } },
        },
        'inbox',
      ),
      Endings: rule(
        {
          source: ['aws.states'],
          'detail-type': ['Step Functions Execution Status Change'],
          detail: {
            stateMachineArn: [machineArn('pass')],
            status: ['SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT'],
          },
        },
        'ended',
      ),
      Pass: stateMachine('pass', {
        TimeoutSeconds: 2,
        StartAt: 'Choose',
        States: {
          Choose: {
            Type: 'Choice',
            Choices: [{ Variable: '$.wait', IsPresent: true, Next: 'Wait' }],
            Default: 'End',
          },
          Wait: { Type: 'Wait', Seconds: 60, Next: 'End' },
          End: { Type: 'Pass', End: true, Parameters: { 'a.$': '$.a' } },
        },
      }),
      Consumer: lambdaFunction('consumer', CONSUMER),
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          FunctionName: { Ref: 'Consumer' },
          EventSourceArn: { 'Fn::GetAtt': ['Inbox', 'Arn'] },
          BatchSize: 10,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        },
      },
      AuthorizerFunction: lambdaFunction('authorizer', AUTHORIZER),
      ApiFunction: lambdaFunction('api', API),
      Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
      Stage: {
        Type: 'AWS::ApiGatewayV2::Stage',
        Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true },
      },
      Integration: {
        Type: 'AWS::ApiGatewayV2::Integration',
        Properties: {
          ApiId: { Ref: 'Api' },
          IntegrationType: 'AWS_PROXY',
          IntegrationUri: functionArn('api'),
          PayloadFormatVersion: '2.0',
        },
      },
      Authorizer: {
        Type: 'AWS::ApiGatewayV2::Authorizer',
        Properties: {
          ApiId: { Ref: 'Api' },
          Name: 'keys',
          AuthorizerType: 'REQUEST',
          AuthorizerUri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn('authorizer')}/invocations`,
          AuthorizerPayloadFormatVersion: '2.0',
          EnableSimpleResponses: true,
          AuthorizerResultTtlInSeconds: 60,
          IdentitySource: ['$request.header.Authorization'],
        },
      },
      Post: route('POST /jobs'),
      Get: route('GET /jobs/{job}'),
      Secret: lambdaFunction('secret', SECRET, { variables: { NODE_PATH } }),
      Kept: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: 'kept' } },
    },
    { ApiId: { Ref: 'Api' }, KeptRef: { Ref: 'Kept' } },
  );
  apiId = outputs.ApiId ?? '';
  keptRef = outputs.KeptRef ?? '';
});
afterAll(() => emulator.stop());

const receive = async (queue: string): Promise<Message[]> => {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queue }));
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MaxNumberOfMessages: 10 }),
  );
  return Messages;
};

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
describe('the end of an execution', () => {
  it('is an event, however it ended', async () => {
    const client = new SFNClient(emulator);
    await runExecution(emulator, 'pass', { a: 1 });
    await runExecution(emulator, 'pass', {});
    await runExecution(emulator, 'pass', { wait: true });
    const stopped = await startExecution(client, 'pass', { wait: true });
    await client.send(new StopExecutionCommand({ executionArn: stopped }));
    const statuses: string[] = [];
    await expect
      .poll(
        async () => {
          statuses.push(...(await receive('ended')).map(({ Body }) => JSON.parse(Body ?? '').detail.status));
          return statuses.sort();
        },
        { timeout: 20_000 },
      )
      .toEqual(['ABORTED', 'FAILED', 'SUCCEEDED', 'TIMED_OUT']);
  });
});

/** @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html */
describe('an upload', () => {
  it('comes by EventBridge and SQS to a function, and what it refuses to the dead letters, alone', async () => {
    const s3 = new S3Client({ ...emulator, forcePathStyle: true });
    for (const key of ['inbox/good', 'inbox/bad', 'other/bad'])
      await s3.send(new PutObjectCommand({ Bucket: 'uploads', Key: key, Body: 'x' }));
    const dead: string[] = [];
    await expect
      .poll(
        async () => {
          dead.push(...(await receive('dead')).map(({ Body }) => JSON.parse(Body ?? '').detail.object.key));
          return dead;
        },
        { timeout: 30_000 },
      )
      .toEqual(['inbox/bad']);
    expect(await receive('inbox')).toEqual([]);
  });
});

const send = (path: string, headers: Record<string, string>, method = 'POST') =>
  fetch(`${emulator.endpoint}/_aws/execute-api/${apiId}/$default${path}`, {
    method,
    headers,
    ...(method === 'POST' ? { body: '{"a":1}' } : {}),
  });

/** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html */
describe('an HTTP API with an authorizer', () => {
  it('lets nobody in without a key or with a wrong one', async () => {
    expect((await send('/jobs', {})).status).toBe(401);
    expect((await send('/jobs', { Authorization: 'Bearer bad' })).status).toBe(403);
    expect((await send('/nowhere', { Authorization: 'Bearer good' })).status).toBe(404);
  });

  it('gives the request with the context of the authorizer, whose answer it keeps', async () => {
    const before = (await listInvocations(emulator, 'authorizer')).length;
    const posted = await send('/jobs', { Authorization: 'Bearer good' });
    expect(posted.status).toBe(202);
    expect(await posted.json()).toEqual({ rawPath: '/jobs', body: '{"a":1}', scope: 'jobs' });
    const got = await send('/jobs/j1', { Authorization: 'Bearer good' }, 'GET');
    expect(await got.json()).toMatchObject({
      rawPath: '/jobs/j1',
      pathParameters: { job: 'j1' },
      scope: 'jobs',
    });
    expect((await listInvocations(emulator, 'authorizer')).length - before).toBe(1);
  });
});

describe('a function behind the HTTP API', () => {
  it('fails as 500, and its error stays inside', async () => {
    const reply = await send('/jobs/none', { Authorization: 'Bearer good' }, 'GET');
    expect({ status: reply.status, body: await reply.json() }).toEqual({
      status: 500,
      body: { message: 'Internal Server Error' },
    });
  });
});

describe('a secret', () => {
  it('is read by a function', async () => {
    const secrets = new SecretsManagerClient(emulator);
    await secrets.send(new CreateSecretCommand({ Name: 'keys', SecretString: '{"keys":[]}' }));
    expect((await invokeFunction(emulator, 'secret', {})).payload).toBe('{"keys":[]}');
  });

  /** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-secretsmanager-secret.html */
  it('of a template is referred to by its ARN', async () => {
    const secrets = new SecretsManagerClient(emulator);
    const { ARN, SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: keptRef }));
    expect([ARN, SecretString]).toEqual([keptRef, 'kept']);
    expect(keptRef).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:.+-\w{6}$/);
  });
});
