import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { LimitError } from '../../contract/errors-input.ts';
import { MESSAGE_BYTES, StartMessage } from '../../contract/start-message.ts';

/** A message as it goes over the wire. Fails with LimitError where the queue does not take it. */
export const renderStartMessage = (message: StartMessage): string => {
  const text = JSON.stringify(StartMessage.parse(message));
  const bytes = Buffer.byteLength(text);
  if (bytes <= MESSAGE_BYTES) return text;
  throw new LimitError({
    what: 'the message that submits the job',
    found: `${bytes} bytes`,
    limit: `${MESSAGE_BYTES} bytes`,
    advice: 'name a folder or a pattern such as s3://bucket/2026-*/*.csv instead of a long list of inputs',
  });
};

/** Gives a message to `start`. Fails with LimitError, and as the SDK does. */
export const sendStartMessage = async (
  client: SQSClient,
  queueUrl: string,
  message: StartMessage,
): Promise<void> => {
  const MessageBody = renderStartMessage(message);
  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
};
