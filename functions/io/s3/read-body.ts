import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import {
  GetObjectCommand,
  type GetObjectCommandInput,
  type GetObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { DUPLICATE_MARK } from './count-requests.ts';

/** An object or a range of it, in memory. */
export type ObjectBody = {
  readonly bytes: Uint8Array;
  readonly head: Omit<GetObjectCommandOutput, 'Body'>;
};

export type ReadOptions = {
  readonly signal?: AbortSignal;
  /** What races another request says so, for who counts. */
  readonly isDuplicate?: boolean;
  /** Called when one try has failed and the SDK may make another. */
  readonly onFailedTry?: () => void;
};

/**
 * Gets an object or a range with its whole body. To the SDK a call is done when the head of the answer is there; here
 * the body is read inside of its retries, so that one that breaks off or fails its checksum is asked for again.
 */
export const readBody = async (
  client: S3Client,
  input: GetObjectCommandInput,
  { signal, isDuplicate = false, onFailedTry }: ReadOptions = {},
): Promise<ObjectBody> => {
  const command = new GetObjectCommand(input);
  let bytes: Uint8Array | undefined;
  command.middlewareStack.add(
    (next, context) => async (args) => {
      if (isDuplicate) context[DUPLICATE_MARK] = true;
      try {
        const result = await next(args);
        bytes = await collectBody(result.output as GetObjectCommandOutput);
        return result;
      } catch (error) {
        onFailedTry?.();
        throw error;
      }
    },
    // Outside of what makes a stream of the answer, inside of the retries.
    { step: 'deserialize', priority: 'high', name: 'daybreakReadBody' },
  );
  const { Body: _, ...head } = await client.send(
    command,
    signal === undefined ? {} : { abortSignal: signal },
  );
  if (bytes === undefined) throw new Error('the SDK answered without having read a body');
  return { bytes, head };
};

const collectBody = async ({ Body, ContentLength }: GetObjectCommandOutput): Promise<Uint8Array> => {
  if (Body === undefined) return new Uint8Array(0);
  // On Node the SDK gives no other kind of stream.
  const body = Body as Readable;
  try {
    return ContentLength === undefined ? await collectAll(body) : await collectExactly(body, ContentLength);
  } catch (error) {
    // To the SDK's retries this is as if no answer had come; it is never one that a caller aborted.
    throw Object.assign(error as Error, { $retryable: { throttling: false } });
  }
};

/** Straight into one buffer: a body is in memory once. Events cost a fifth less of a core than an iterator. */
const collectExactly = async (body: Readable, sizeBytes: number): Promise<Uint8Array> => {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let filled = 0;
  body.on('data', (chunk: Buffer) => {
    if (filled + chunk.length <= sizeBytes) chunk.copy(bytes, filled);
    filled += chunk.length;
  });
  await finished(body, { writable: false });
  if (filled !== sizeBytes) throw new Error(`the body has ${filled} bytes, its head says ${sizeBytes}`);
  return bytes;
};

const collectAll = async (body: Readable): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};
