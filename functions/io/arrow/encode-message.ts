import { CompressionType, Message, type Schema } from 'apache-arrow';
import {
  BodyCompression,
  BufferRegion,
  DictionaryBatch,
  FieldNode,
  RecordBatch,
} from 'apache-arrow/ipc/metadata/message';
import type { BatchParts } from './column-buffer.ts';
import { type Codec, compressBuffer } from './compress.ts';

/**
 * Frames messages of an Arrow IPC stream: a mark, the length of the metadata, the metadata padded to 8
 * bytes, the body whose buffers are padded to 8 bytes.
 * @see https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format
 */
const CONTINUATION = 0xffffffff;
const ALIGNMENT = 8;
const padded = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** What ends a stream. */
export const END_OF_STREAM = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

const frameMessage = (message: Message, body: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const metadata = Message.encode(message);
  const metadataBytes = padded(metadata.byteLength);
  const out = new Uint8Array(8 + metadataBytes + message.bodyLength);
  const view = new DataView(out.buffer);
  view.setUint32(0, CONTINUATION, true);
  view.setInt32(4, metadataBytes, true);
  out.set(metadata, 8);
  let at = 8 + metadataBytes;
  for (const buffer of body) {
    out.set(buffer, at);
    at += padded(buffer.byteLength);
  }
  return out;
};

export const encodeSchema = (schema: Schema): Uint8Array => frameMessage(Message.from(schema), []);

type Batch = {
  readonly header: RecordBatch;
  readonly body: readonly Uint8Array[];
  readonly bodyBytes: number;
};

const buildBatch = (rows: number, emit: (parts: BatchParts) => void, codec: Codec): Batch => {
  const nodes: FieldNode[] = [];
  const regions: BufferRegion[] = [];
  const body: Uint8Array[] = [];
  let bodyBytes = 0;
  emit({
    node: (length, nullCount) => nodes.push(new FieldNode(length, nullCount)),
    buffer: (bytes) => {
      const stored = compressBuffer(bytes, codec);
      regions.push(new BufferRegion(bodyBytes, stored.byteLength));
      body.push(stored);
      bodyBytes += padded(stored.byteLength);
    },
  });
  const compression = codec === 'zstd' ? new BodyCompression(CompressionType.ZSTD) : null;
  return { header: new RecordBatch(rows, nodes, regions, compression), body, bodyBytes };
};

/** One record batch of `rows` rows, whose parts `emit` gives out. */
export const encodeRecordBatch = (
  rows: number,
  emit: (parts: BatchParts) => void,
  codec: Codec,
): Uint8Array<ArrayBuffer> => {
  const { header, body, bodyBytes } = buildBatch(rows, emit, codec);
  return frameMessage(Message.from(header, bodyBytes), body);
};

/** The values of an enum, as the dictionary `id`. */
export const encodeDictionary = (id: number, values: readonly string[], codec: Codec): Uint8Array => {
  const texts = values.map((value) => Buffer.from(value, 'utf8'));
  const offsets = new Int32Array(values.length + 1);
  texts.forEach((text, index) => {
    offsets[index + 1] = (offsets[index] as number) + text.byteLength;
  });
  const emit = (parts: BatchParts): void => {
    parts.node(values.length, 0);
    parts.buffer(new Uint8Array(0));
    parts.buffer(new Uint8Array(offsets.buffer));
    parts.buffer(Buffer.concat(texts));
  };
  const { header, body, bodyBytes } = buildBatch(values.length, emit, codec);
  return frameMessage(Message.from(new DictionaryBatch(header, id), bodyBytes), body);
};
