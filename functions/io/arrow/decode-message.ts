import { Message, type Schema } from 'apache-arrow';
import type { DictionaryBatch, RecordBatch } from 'apache-arrow/ipc/metadata/message';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { decompressBuffer } from './compress.ts';

/** Both forms of Arrow's file: the stream itself, and the file format, which puts this before it. */
const FILE_MAGIC = Buffer.from('ARROW1\0\0');
const CONTINUATION = 0xffffffff;

export type DecodedMessage =
  | { readonly kind: 'schema'; readonly schema: Schema }
  | { readonly kind: 'dictionary'; readonly header: DictionaryBatch; readonly body: Uint8Array }
  | { readonly kind: 'batch'; readonly header: RecordBatch; readonly body: Uint8Array };

const cutShort = (what: string): never => {
  throw new ArrowFormatError(`it ends inside ${what}`);
};

const parseMetadata = (bytes: Uint8Array): Message => {
  try {
    return Message.decode(bytes);
  } catch (cause) {
    throw new ArrowFormatError('the metadata of a message is damaged', { cause });
  }
};

const messageOf = (message: Message, body: Uint8Array): DecodedMessage => {
  try {
    if (message.isSchema()) return { kind: 'schema', schema: message.header() };
    if (message.isDictionaryBatch()) return { kind: 'dictionary', header: message.header(), body };
    if (message.isRecordBatch()) return { kind: 'batch', header: message.header(), body };
  } catch (cause) {
    throw new ArrowFormatError('the header of a message is damaged or of an unknown type', { cause });
  }
  throw new ArrowFormatError('a message is neither a schema nor a batch');
};

/**
 * Walks over the messages of one stream; `bytes` may go on behind its end. Throws ArrowFormatError where
 * the stream is cut short or damaged, also where the mark of its end is missing.
 */
export const decodeMessages = function* (bytes: Uint8Array): Generator<DecodedMessage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = FILE_MAGIC.equals(bytes.subarray(0, FILE_MAGIC.length)) ? FILE_MAGIC.length : 0;
  for (;;) {
    if (at + 8 > bytes.byteLength) cutShort('the frame of a message');
    if (view.getUint32(at, true) !== CONTINUATION)
      throw new ArrowFormatError(`byte ${at} does not begin a message`);
    const metadataBytes = view.getInt32(at + 4, true);
    at += 8;
    if (metadataBytes === 0) return;
    if (metadataBytes < 0 || at + metadataBytes > bytes.byteLength) cutShort('the metadata of a message');
    const message = parseMetadata(bytes.subarray(at, at + metadataBytes));
    at += metadataBytes;
    const { bodyLength } = message;
    if (!(bodyLength >= 0) || at + bodyLength > bytes.byteLength) cutShort('the body of a message');
    yield messageOf(message, bytes.subarray(at, at + bodyLength));
    at += bodyLength;
  }
};

/** Gives the nodes and buffers of one batch in order, decompressed; the inverse of `BatchParts`. */
export type BatchCursor = {
  readonly node: () => { readonly length: number; readonly nullCount: number };
  /** The next buffer, which must have at least `bytes` bytes. */
  readonly buffer: (bytes: number) => Uint8Array;
  /** How many buffers of text the next column of a view type has. */
  readonly variadicCount: () => number;
  /** Throws where something is left over. */
  readonly end: () => void;
};

export const createBatchCursor = (header: RecordBatch, body: Uint8Array): BatchCursor => {
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
      const plain = header.compression === null ? stored : decompressBuffer(stored, header.compression.type);
      if (plain.byteLength < bytes)
        throw new ArrowFormatError(`a buffer has ${plain.byteLength} bytes where ${bytes} are needed`);
      return plain;
    },
    variadicCount: () => header.variadicBufferCounts[variadic++] ?? cutShort('the counts of views'),
    end: () => {
      if (node !== header.nodes.length || buffer !== header.buffers.length)
        throw new ArrowFormatError('a batch has other columns than the schema');
    },
  };
};
