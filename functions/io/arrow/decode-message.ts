import { Message, type Schema } from 'apache-arrow';
import type { DictionaryBatch, RecordBatch } from 'apache-arrow/ipc/metadata/message';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { checkMetadata } from './check-metadata.ts';
import { decompressBuffer } from './compress.ts';

const CONTINUATION = 0xffffffff;

/** The body of a message, perhaps still in a file: `subarray` gives the bytes [start, end), read when asked for. */
export type BodyBytes = {
  readonly byteLength: number;
  readonly subarray: (start: number, end: number) => Uint8Array;
};

export type DecodedMessage =
  | { readonly kind: 'schema'; readonly schema: Schema }
  | { readonly kind: 'dictionary'; readonly header: DictionaryBatch; readonly body: BodyBytes }
  | { readonly kind: 'batch'; readonly header: RecordBatch; readonly body: BodyBytes };

/** A Buffer of Node's is a Uint8Array whose `slice` does not copy; what comes in may be one. */
export const plainBytes = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const cutShort = (what: string): never => {
  throw new ArrowFormatError(`it ends inside ${what}`);
};

const parseMetadata = (bytes: Uint8Array): Message => {
  try {
    checkMetadata(bytes);
    return Message.decode(bytes);
  } catch (cause) {
    if (cause instanceof ArrowFormatError) throw cause;
    throw new ArrowFormatError('the metadata of a message is damaged', { cause });
  }
};

const messageOf = (message: Message, body: BodyBytes): DecodedMessage => {
  try {
    if (message.isSchema()) return { kind: 'schema', schema: message.header() };
    if (message.isDictionaryBatch()) return { kind: 'dictionary', header: message.header(), body };
    if (message.isRecordBatch()) return { kind: 'batch', header: message.header(), body };
  } catch (cause) {
    throw new ArrowFormatError('the header of a message is damaged or of an unknown type', { cause });
  }
  throw new ArrowFormatError('a message is neither a schema nor a batch');
};

/** Decodes the metadata of a message; `bodyOf` is given how many bytes its body has. Throws ArrowFormatError. */
export const decodeMessage = (
  metadata: Uint8Array,
  bodyOf: (bodyLength: number) => BodyBytes,
): DecodedMessage => {
  const message = parseMetadata(metadata);
  return messageOf(message, bodyOf(message.bodyLength));
};

type Framed = { readonly message: DecodedMessage; readonly end: number };

/** Reads the message that begins at byte `at`; undefined where the stream ends there. */
export const decodeMessageAt = (bytes: Uint8Array, at: number): Framed | undefined => {
  if (at + 8 > bytes.byteLength) return cutShort('the frame of a message');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(at, true) !== CONTINUATION)
    throw new ArrowFormatError(`byte ${at} does not begin a message`);
  const metadataBytes = view.getInt32(at + 4, true);
  if (metadataBytes === 0) return undefined;
  const start = at + 8;
  const bodyStart = start + metadataBytes;
  if (metadataBytes < 0 || bodyStart > bytes.byteLength) cutShort('the metadata of a message');
  let end = bodyStart;
  const message = decodeMessage(bytes.subarray(start, bodyStart), (bodyLength) => {
    end += bodyLength;
    if (!(end >= bodyStart && end <= bytes.byteLength)) cutShort('the body of a message');
    return bytes.subarray(bodyStart, end);
  });
  return { message, end };
};

/**
 * Walks over the messages of one stream; `bytes` may go on behind its end. Throws ArrowFormatError where
 * the stream is cut short or damaged, also where the mark of its end is missing.
 */
export const decodeMessages = function* (bytes: Uint8Array): Generator<DecodedMessage> {
  for (let at = 0; ; ) {
    const framed = decodeMessageAt(bytes, at);
    if (framed === undefined) return;
    yield framed.message;
    at = framed.end;
  }
};

/** Gives the nodes and buffers of one batch in order, decompressed; the inverse of `BatchParts`. */
export type BatchCursor = {
  readonly node: () => { readonly length: number; readonly nullCount: number };
  /** The next buffer, which must have at least `bytes` bytes. */
  readonly buffer: (bytes: number) => Uint8Array;
  /** Passes over the next buffer. */
  readonly skipBuffer: () => void;
  /** How many buffers of text the next column of a view type has. */
  readonly variadicCount: () => number;
  /** Throws where something is left over. */
  readonly end: () => void;
};

export const createBatchCursor = (header: RecordBatch, body: BodyBytes): BatchCursor => {
  let node = 0;
  let buffer = 0;
  let variadic = 0;
  return {
    node: () => header.nodes[node++] ?? cutShort('the list of columns'),
    buffer: (bytes) => {
      const region = header.buffers[buffer++] ?? cutShort('the list of buffers');
      if (region.offset < 0 || region.length < 0 || region.offset + region.length > body.byteLength)
        cutShort('a buffer');
      const stored = body.subarray(region.offset, region.offset + region.length);
      const plain =
        header.compression === null ? stored : plainBytes(decompressBuffer(stored, header.compression.type));
      if (plain.byteLength < bytes)
        throw new ArrowFormatError(`a buffer has ${plain.byteLength} bytes where ${bytes} are needed`);
      return plain;
    },
    skipBuffer: () => {
      buffer += 1;
    },
    variadicCount: () => header.variadicBufferCounts[variadic++] ?? cutShort('the counts of views'),
    end: () => {
      if (node !== header.nodes.length || buffer !== header.buffers.length)
        throw new ArrowFormatError('a batch has other columns than the schema');
    },
  };
};
