import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Schema } from 'apache-arrow';
import { Footer } from 'apache-arrow/fb/footer';
import { Footer as DecodedFooter } from 'apache-arrow/ipc/metadata/file';
import { ByteBuffer } from 'flatbuffers';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { checkFooterSchema } from './check-metadata.ts';
import { type BodyBytes, cutShort, type DecodedMessage, decodeMessage } from './decode-message.ts';

/**
 * Reads an Arrow IPC file or stream from the disk message by message: of a batch first its header, then those
 * buffers alone that somebody asks for. The law: every message is accounted for. A stream ends with its mark and
 * nothing lies behind it, a file with its footer; what could have lost rows is refused.
 * @see https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
const MAGIC = Buffer.from('ARROW1');
const FEATHER_1 = Buffer.from('FEA1');
/** The mark, padded: the messages begin behind it. */
const FILE_START = 8;
const TAIL_BYTES = 4 + MAGIC.length;
const CONTINUATION = 0xffffffff;
/** One read takes a message's frame with its header, where the header is no longer. */
const HEAD_BYTES = 4096;
/** A body up to this size is read at once: one read costs less than one for each buffer. */
const SMALL_BODY_BYTES = 262_144;

type Bytes = {
  readonly sizeBytes: number;
  /** Gives exactly these bytes, in memory of their own. */
  readonly read: (offset: number, length: number) => Uint8Array;
};

const bytesOf = (file: number): Bytes => ({
  sizeBytes: fstatSync(file).size,
  read: (offset, length) => {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      const count = readSync(file, bytes, filled, length - filled, offset + filled);
      if (count === 0) cutShort(`the bytes from ${offset} on`);
      filled += count;
    }
    return bytes;
  },
});

const bodyOf = (bytes: Bytes, offset: number, byteLength: number): BodyBytes => {
  let whole: Uint8Array | undefined;
  return {
    byteLength,
    subarray: (start, end) => {
      if (byteLength > SMALL_BODY_BYTES) return bytes.read(offset + start, end - start);
      whole ??= bytes.read(offset, byteLength);
      return whole.subarray(start, end);
    },
  };
};

type Frame = { readonly metadataStart: number; readonly metadataBytes: number };

/** Before version 0.15 of the format, the length of the metadata stood without the mark before it. */
const readFrame = (head: Uint8Array, at: number): Frame => {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isMarked = view.getUint32(0, true) === CONTINUATION;
  if (isMarked && head.byteLength < 8) cutShort('the frame of a message');
  const frameBytes = isMarked ? 8 : 4;
  return { metadataStart: at + frameBytes, metadataBytes: view.getInt32(frameBytes - 4, true) };
};

type Framed = { readonly message?: DecodedMessage; readonly end: number };

/** Reads the header of the message at byte `at`; there is no message where the mark of the end stands. */
const readMessageAt = (bytes: Bytes, at: number): Framed => {
  const left = bytes.sizeBytes - at;
  if (!(at >= 0 && left >= 4))
    throw new ArrowFormatError(
      `it has no message at byte ${at}, and no mark of its end: it may be cut short`,
    );
  const head = bytes.read(at, Math.min(HEAD_BYTES, left));
  const { metadataStart, metadataBytes } = readFrame(head, at);
  if (metadataBytes === 0) return { end: metadataStart };
  const bodyStart = metadataStart + metadataBytes;
  if (metadataBytes < 0) throw new ArrowFormatError(`byte ${at} does not begin a message`);
  if (bodyStart > bytes.sizeBytes) cutShort('the metadata of a message');
  const metadata =
    bodyStart - at <= head.byteLength
      ? head.subarray(metadataStart - at, bodyStart - at)
      : bytes.read(metadataStart, metadataBytes);
  let end = bodyStart;
  const message = decodeMessage(metadata, (bodyLength) => {
    end += bodyLength;
    if (!(end >= bodyStart && end <= bytes.sizeBytes)) cutShort('the body of a message');
    return bodyOf(bytes, bodyStart, bodyLength);
  });
  return { message, end };
};

const readStream = function* (bytes: Bytes): Generator<DecodedMessage> {
  for (let at = 0; ; ) {
    const { message, end } = readMessageAt(bytes, at);
    if (message === undefined) {
      if (end !== bytes.sizeBytes)
        throw new ArrowFormatError(
          `${bytes.sizeBytes - end} bytes follow its end; write one stream into a file`,
        );
      return;
    }
    yield message;
    at = end;
  }
};

type FooterFacts = {
  readonly schema: Schema;
  readonly dictionaries: readonly number[];
  readonly batches: readonly number[];
};

/** A block of the footer has three numbers of eight bytes each. */
const FOOTER_BLOCK_BYTES = 24;

const decodeFooter = (footer: Uint8Array): FooterFacts => {
  const decoded = Footer.getRootAsFooter(new ByteBuffer(footer));
  const counts = [decoded.dictionariesLength(), decoded.recordBatchesLength()] as const;
  if (counts.some((count) => !(count >= 0 && count * FOOTER_BLOCK_BYTES <= footer.byteLength)))
    throw new ArrowFormatError('the footer counts more than it can hold');
  checkFooterSchema(decoded.schema(), footer.byteLength);
  const offset = (block: { offset: () => bigint } | null): number => Number(block?.offset() ?? -1n);
  return {
    schema: DecodedFooter.decode(footer).schema,
    dictionaries: Array.from({ length: counts[0] }, (_, index) => offset(decoded.dictionaries(index))),
    batches: Array.from({ length: counts[1] }, (_, index) => offset(decoded.recordBatches(index))),
  };
};

const readFooter = (bytes: Bytes): FooterFacts => {
  const tailStart = bytes.sizeBytes - TAIL_BYTES;
  if (tailStart < FILE_START) throw new ArrowFormatError('it is a file without an end');
  const tail = bytes.read(tailStart, TAIL_BYTES);
  if (!MAGIC.equals(tail.subarray(4))) throw new ArrowFormatError('it is a file without an end');
  const length = new DataView(tail.buffer).getInt32(0, true);
  if (length <= 0 || length > tailStart - FILE_START) throw new ArrowFormatError('its footer is damaged');
  try {
    return decodeFooter(bytes.read(tailStart - length, length));
  } catch (cause) {
    if (cause instanceof ArrowFormatError) throw cause;
    throw new ArrowFormatError('its footer is damaged', { cause });
  }
};

const messageOfBlock = (bytes: Bytes, at: number, kind: 'dictionary' | 'batch'): DecodedMessage => {
  const { message } = readMessageAt(bytes, at);
  if (message?.kind !== kind) throw new ArrowFormatError(`its footer points to no ${kind} at byte ${at}`);
  return message;
};

/** A file's dictionaries hold for all of its batches, so one may be added to, and none take another's place. */
const readFileMessages = function* (bytes: Bytes): Generator<DecodedMessage> {
  const { schema, dictionaries, batches } = readFooter(bytes);
  // Not the message at the file's start: the JavaScript library's writer leaves it out.
  yield { kind: 'schema', schema };
  const seen = new Set<number>();
  for (const at of dictionaries) {
    const message = messageOfBlock(bytes, at, 'dictionary');
    if (message.kind === 'dictionary') {
      const { id, isDelta } = message.header;
      if (!isDelta && seen.has(id))
        throw new ArrowFormatError('a dictionary of a file takes the place of another');
      seen.add(id);
    }
    yield message;
  }
  for (const at of batches) yield messageOfBlock(bytes, at, 'batch');
};

/**
 * Walks over the messages of the file or stream at `path`: the schema, the dictionaries, the batches. Bodies can
 * be read until the next message is asked for, dictionaries until the last. Throws ArrowFormatError, or the
 * system's own error.
 */
export const readArrowFile = function* (path: string): Generator<DecodedMessage> {
  const file = openSync(path, 'r');
  try {
    const bytes = bytesOf(file);
    const head = bytes.read(0, Math.min(bytes.sizeBytes, FILE_START));
    const begins = (mark: Buffer): boolean => mark.equals(head.subarray(0, mark.length));
    if (begins(FEATHER_1))
      throw new ArrowFormatError(
        'it is Feather of version 1; write it anew as version 2, which is Arrow IPC',
      );
    yield* begins(MAGIC) ? readFileMessages(bytes) : readStream(bytes);
  } finally {
    closeSync(file);
  }
};
