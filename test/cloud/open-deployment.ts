/** A deployment made by hand: buckets, a queue, a state machine that does nothing, a secret, a stack that names them. */
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { AllowedUris } from '../../functions/contract/allowed-uris.ts';
import { ENVIRONMENT, OUTPUTS } from '../../functions/contract/environment.ts';
import type { LambdaContext } from '../../functions/handlers/lambda.ts';
import { log } from '../../functions/handlers/log.ts';
import { handler as start } from '../../functions/handlers/start.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { createS3Client } from '../../functions/io/s3/s3-client.ts';
import { openS3Store } from '../../functions/io/s3/s3-store.ts';
import { type Emulator, startEmulator } from '../emulator/start-emulator.ts';

export const BLOCKS = 'daybreak-blocks';
export const DATA = 'daybreak-data';
export const STACK = 'Daybreak';

export type HandMade = {
  readonly emulator: Emulator;
  readonly s3: S3Client;
  readonly sfn: SFNClient;
  readonly sqs: SQSClient;
  readonly store: ObjectStore;
  readonly queueUrl: string;
  readonly stateMachineArn: string;
  readonly secretArn: string;
  /** For a child process: the emulator instead of AWS, and no stack. */
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
};

const DEFINITION = JSON.stringify({
  StartAt: 'Wait',
  // Long against every test: a job that was started runs.
  States: { Wait: { Type: 'Wait', Seconds: 3600, End: true } },
});

/** Sets the environment that the handlers read, of this process: one for each test file. */
export const openHandMade = async (allowed: AllowedUris): Promise<HandMade> => {
  // What the handlers write is judged by what they do.
  log.setLogLevel('SILENT');
  const emulator = await startEmulator();
  const { endpoint, region, credentials } = emulator;
  const options = { endpoint, region, credentials };
  const s3 = createS3Client(options);
  const sqs = new SQSClient(options);
  const sfn = new SFNClient(options);
  for (const bucket of [BLOCKS, DATA]) await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: DATA,
      NotificationConfiguration: { EventBridgeConfiguration: {} },
    }),
  );
  const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'jobs' }));
  const { stateMachineArn = '' } = await sfn.send(
    new CreateStateMachineCommand({
      name: STACK,
      definition: DEFINITION,
      roleArn: 'arn:aws:iam::000000000000:role/none',
    }),
  );
  const { ARN: secretArn = '' } = await new SecretsManagerClient(options).send(
    new CreateSecretCommand({ Name: 'daybreak-api-keys', SecretString: '{"keys":[]}' }),
  );
  const values: Readonly<Record<keyof typeof OUTPUTS, string>> = {
    blocksBucket: BLOCKS,
    dataBucket: DATA,
    queueUrl,
    deadLettersUrl: queueUrl,
    stateMachineArn,
    apiUrl: 'https://api.example',
    apiKeysSecretArn: secretArn,
  };
  const cloudFormation = new CloudFormationClient(options);
  await cloudFormation.send(
    new CreateStackCommand({ StackName: STACK, TemplateBody: templateOf(Object.entries(values)) }),
  );
  await cloudFormation.send(new CreateStackCommand({ StackName: 'Other', TemplateBody: templateOf([]) }));
  const env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  Object.assign(process.env, env, {
    [ENVIRONMENT.blocksBucket]: BLOCKS,
    [ENVIRONMENT.dataBucket]: DATA,
    [ENVIRONMENT.queueUrl]: queueUrl,
    [ENVIRONMENT.stateMachineArn]: stateMachineArn,
    [ENVIRONMENT.apiKeysSecretArn]: secretArn,
    [ENVIRONMENT.mostJobs]: '50',
    [ENVIRONMENT.allowedUris]: JSON.stringify(allowed),
  });
  const store = openS3Store(s3, { bucket: BLOCKS });
  const close = async (): Promise<void> => {
    for (const client of [s3, sqs, sfn]) client.destroy();
    await emulator.stop();
  };
  return { emulator, s3, sfn, sqs, store, queueUrl, stateMachineArn, secretArn, env, close };
};

const templateOf = (outputs: readonly (readonly [string, string])[]): string =>
  JSON.stringify({
    Resources: { Topic: { Type: 'AWS::SNS::Topic', Properties: {} } },
    Outputs: Object.fromEntries(
      outputs.map(([name, Value]) => [OUTPUTS[name as keyof typeof OUTPUTS], { Value }]),
    ),
  });

export const LAMBDA: LambdaContext = {
  awsRequestId: 'request',
  functionName: 'start',
  functionVersion: '1',
  memoryLimitInMB: 1769,
  getRemainingTimeInMillis: () => 60_000,
};

/** What the queue brings to `start`, message by message; returns the bodies that failed, and keeps those. */
export const pumpQueue = async ({ sqs, queueUrl }: HandMade): Promise<readonly string[]> => {
  const failed: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
    );
    if (Messages.length === 0) return failed;
    const Records = Messages.map(({ MessageId = '', Body = '' }) => ({ messageId: MessageId, body: Body }));
    const { batchItemFailures } = await start({ Records }, LAMBDA);
    const refused = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { MessageId = '', Body = '', ReceiptHandle } of Messages) {
      if (refused.has(MessageId)) failed.push(Body);
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
    }
  }
};
