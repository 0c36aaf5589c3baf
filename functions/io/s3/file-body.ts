import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { finished, Readable, type Writable } from 'node:stream';
import type { PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { StoreError } from '../../contract/errors-store.ts';
import { asStoreError } from '../file-operations.ts';

export type FileRange = { readonly path: string; readonly offset: number; readonly lengthBytes: number };

/** Bytes of a local file, with the SHA-256 of exactly these in hex. */
export type FileBytes = FileRange & { readonly sha256: string };

/** Large reads keep SHA-256 and the socket at their own speed. */
const READ_BYTES = 1 << 20;

/** What the SDK's request is at the steps below. */
type Request = { headers: Record<string, string>; body?: unknown };

/**
 * Makes bytes of a file the body of a command, read from the disk while they are sent. The SDK sends no stream a second
 * time, so to its retries the body is empty, signed by the SHA-256 that is known; each try opens the file anew.
 * A file that cannot be read, or is too short, fails the call with StoreError.
 */
export const sendFile = (command: PutObjectCommand | UploadPartCommand, bytes: FileBytes): void => {
  // Both have the same stack, of which the union hides the types.
  const { middlewareStack } = command as PutObjectCommand;
  middlewareStack.add(
    (next) => (args) => {
      (args.request as Request).headers['x-amz-content-sha256'] = bytes.sha256;
      return next(args);
    },
    { step: 'build', name: 'daybreakSignFile' },
  );
  middlewareStack.add(
    (next) => async (args) => {
      let failure: unknown;
      const chunks = readFileRange(bytes, (error) => {
        failure = error;
      });
      const body = openBody(chunks);
      (args.request as Request).body = body;
      try {
        return await next(args);
      } catch (error) {
        throw failure ?? error;
      } finally {
        body.destroy();
      }
    },
    // Outside of what reads the answer: one that comes before the body has gone out is read to its end.
    { step: 'deserialize', priority: 'high', name: 'daybreakSendFile' },
  );
};

/**
 * The SDK pipes a body into its request, by which neither knows of the other's end. A request whose body can go no
 * further would hold its socket for ever, and a file that cannot be read would end the process.
 */
const openBody = (chunks: AsyncIterable<Uint8Array>): Readable => {
  const body = Readable.from(chunks, { objectMode: false, highWaterMark: READ_BYTES });
  const pipe = body.pipe.bind(body);
  body.pipe = (request) => {
    // The SDK's request is one of node:http.
    const sink = request as unknown as Writable;
    sink.once('close', () => body.destroy());
    finished(body, (error) => {
      if (error) sink.destroy(error);
    });
    return pipe(request);
  };
  return body;
};

/** `onFailure` hears of the file's own failures, apart from those of the request that it goes into. */
async function* readFileRange(
  { path, offset, lengthBytes }: FileRange,
  onFailure: (failure: unknown) => void = () => {},
): AsyncGenerator<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      for (let done = 0; done < lengthBytes; ) {
        // Each chunk has a buffer of its own: the socket keeps it until it is sent.
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, lengthBytes - done));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset + done);
        if (bytesRead === 0) {
          const reason = `it ends at byte ${offset + done}, but had ${offset + lengthBytes} bytes before`;
          throw new StoreError({ operation: 'read', key: path, reason });
        }
        done += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    const failure = asStoreError(error, { operation: 'read', key: path });
    onFailure(failure);
    throw failure;
  }
}

/** SHA-256 in hex of bytes of a local file. */
export const hashFileRange = async (range: FileRange): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of readFileRange(range)) hash.update(chunk);
  return hash.digest('hex');
};
