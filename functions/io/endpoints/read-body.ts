import type { IncomingMessage } from 'node:http';
import { TransportFailure } from './transport-failure.ts';

/**
 * Reads a reply to its end. Fails with TransportFailure where it is longer than `mostBytes`, compressed although
 * nobody asked for that, or cut off; with the error of the socket where that breaks.
 */
export const readBody = (incoming: IncomingMessage, mostBytes: number): Promise<Uint8Array<ArrayBuffer>> =>
  new Promise((resolve, reject) => {
    const fail = (code: string, what: string): void => {
      incoming.destroy();
      reject(new TransportFailure({ kind: 'broken', code, what }));
    };
    const encoding = incoming.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') return fail('encoding', 'compresses replies although it was not asked to');
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    incoming.on('data', (chunk: Uint8Array) => {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > mostBytes) fail('too_large', `sends a reply of more than ${mostBytes} bytes`);
      else chunks.push(chunk);
    });
    incoming.once('end', () => {
      if (incoming.complete) resolve(concat(chunks, sizeBytes));
    });
    incoming.once('error', reject);
    // After the end this changes nothing: the promise is settled.
    incoming.once('close', () => fail('cut', 'breaks off its replies'));
  });

const concat = (chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
};
