import { randomBytes } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { HttpEvent, type HttpReply } from '../contract/api.ts';
import { clientConfigOf } from '../io/cloud/client-options.ts';
import { sendStartMessage } from '../io/cloud/job-queue.ts';
import { answerRequest } from './api/answer-request.ts';
import { readEnvironment } from './environment.ts';
import { log, logAbout } from './log.ts';
import { openS3, openStore } from './world.ts';

let client: SQSClient | undefined;
const openQueue = (): SQSClient => {
  client ??= new SQSClient(clientConfigOf());
  return client;
};

/** Above it the failure is ours, and its stack is for the log. */
const LEAST_FAILURE = 500;

/** The function `api`. All that makes or continues a job goes through the queue; a cancel acts at once. */
export const handler = async (input: unknown): Promise<HttpReply> => {
  const event = HttpEvent.parse(input);
  const { job } = event.pathParameters ?? {};
  logAbout('api', job === undefined ? {} : { job });
  const { queueUrl, allowedUris } = readEnvironment('queueUrl', 'allowedUris');
  const { reply, error } = await answerRequest(
    {
      store: openStore(),
      s3: openS3(),
      now: () => new Date(),
      uris: allowedUris.api,
      random: (bytes) => randomBytes(bytes).toString('hex'),
      send: (message) => sendStartMessage(openQueue(), queueUrl, message),
    },
    event,
  );
  const facts = {
    route: event.routeKey,
    status: reply.statusCode,
    key: event.requestContext.authorizer.lambda.keyId,
  };
  if (error === undefined) log.info('answered', facts);
  else if (reply.statusCode < LEAST_FAILURE)
    log.info('refused', { ...facts, failure: (error as Error).name });
  else log.error('failed', { ...facts, error: error as Error });
  return reply;
};
