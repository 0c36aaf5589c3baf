import type { Schema } from 'apache-arrow';
import { Footer } from 'apache-arrow/fb/footer';
import { Footer as DecodedFooter } from 'apache-arrow/ipc/metadata/file';
import { ByteBuffer } from 'flatbuffers';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { checkFooterSchema } from './check-metadata.ts';
import { type BodyBytes, cutShort, type DecodedMessage, decodeMessage } from './decode-message.ts';

/**
 * Walks over an Arrow IPC file or stream by message: of each its header, never its body. It reads nothing by itself:
 * it says which bytes it needs, and whoever walks brings them from a disk or from S3.
 *
 * The law: every message is accounted for. A stream ends with its mark and nothing lies behind it, a file with its
 * footer; what could have lost rows is refused.
 * @see https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
export type ArrowStep =
  /** The walk goes on with exactly these bytes, in memory of their own. */
  | { readonly kind: 'need'; readonly offset: number; readonly length: number }
  /** These are going to be needed: who fetches from afar may fetch them together. */
  | { readonly kind: 'soon'; readonly extents: readonly Extent[] }
  | { readonly kind: 'message'; readonly message: DecodedMessage; readonly body: Extent };

export type Extent = { readonly offset: number; readonly length: number };

export type ArrowWalk = Generator<ArrowStep, void, Uint8Array>;

export type WalkOptions = {
  readonly sizeBytes: number;
  /** Of the record batches only [first, end), by number; those before are passed over. Default: all. */
  readonly batches?: readonly [number, number] | undefined;
  /** The bytes of a message's body, for whoever asks for them. */
  readonly bodyOf: (body: Extent) => BodyBytes;
};

const MAGIC = Buffer.from('ARROW1');
const FEATHER_1 = Buffer.from('FEA1');
/** The mark, padded: the messages begin behind it. */
const FILE_START = 8;
const TAIL_BYTES = 4 + MAGIC.length;
const CONTINUATION = 0xffffffff;
/** One read takes a message's frame with its header, where the header is no longer. */
const HEAD_BYTES = 4096;
/** What a footer says of a header's length is taken for it up to here. */
const MOST_HEAD_BYTES = 1_048_576;

type Reading<Result> = Generator<ArrowStep, Result, Uint8Array>;

const read = function* (offset: number, length: number): Reading<Uint8Array> {
  return yield { kind: 'need', offset, length };
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

type Framed = { readonly message?: DecodedMessage; readonly body: Extent; readonly end: number };

/** Where a message stands, and how many bytes its head takes, as far as that is known. */
type Place = { readonly at: number; readonly headBytes: number };

/** Reads the header of a message; there is no message where the mark of the end stands. */
const readMessage = function* (options: WalkOptions, { at, headBytes }: Place): Reading<Framed> {
  const { sizeBytes, bodyOf } = options;
  const left = sizeBytes - at;
  if (!(at >= 0 && left >= 4))
    throw new ArrowFormatError(
      `it has no message at byte ${at}, and no mark of its end: it may be cut short`,
    );
  const head = yield* read(at, Math.min(headBytes, left));
  const { metadataStart, metadataBytes } = readFrame(head, at);
  if (metadataBytes === 0) return { body: { offset: metadataStart, length: 0 }, end: metadataStart };
  const bodyStart = metadataStart + metadataBytes;
  if (metadataBytes < 0) throw new ArrowFormatError(`byte ${at} does not begin a message`);
  if (bodyStart > sizeBytes) cutShort('the metadata of a message');
  const metadata =
    bodyStart - at <= head.byteLength
      ? head.subarray(metadataStart - at, bodyStart - at)
      : yield* read(metadataStart, metadataBytes);
  let body: Extent = { offset: bodyStart, length: 0 };
  const message = decodeMessage(metadata, (length) => {
    body = { offset: bodyStart, length };
    if (!(length >= 0 && bodyStart + length <= sizeBytes)) cutShort('the body of a message');
    return bodyOf(body);
  });
  return { message, body, end: bodyStart + body.length };
};

const walkStream = function* (options: WalkOptions): ArrowWalk {
  const { sizeBytes, batches: [first, end] = [0, Number.POSITIVE_INFINITY] } = options;
  let batch = 0;
  for (let at = 0; ; ) {
    const framed = yield* readMessage(options, { at, headBytes: HEAD_BYTES });
    const { message, body } = framed;
    if (message === undefined) {
      if (framed.end !== sizeBytes)
        throw new ArrowFormatError(
          `${sizeBytes - framed.end} bytes follow its end; write one stream into a file`,
        );
      return;
    }
    const isPassedOver = message.kind === 'batch' && (batch < first || batch >= end);
    if (message.kind === 'batch') batch += 1;
    if (!isPassedOver) yield { kind: 'message', message, body };
    // A slice has all that it wants: what lies behind is for others to judge.
    if (batch >= end) return;
    at = framed.end;
  }
};

type FooterFacts = {
  readonly schema: Schema;
  readonly dictionaries: readonly Place[];
  readonly batches: readonly Place[];
};

/** A block of the footer has three numbers of eight bytes each. */
const FOOTER_BLOCK_BYTES = 24;

type Block = { offset: () => bigint; metaDataLength: () => number } | null;

/** A footer that says too little of a header's length costs a second read, one that says too much nothing. */
const placeOf = (block: Block): Place => {
  const metadataBytes = block?.metaDataLength() ?? 0;
  const isLikely = metadataBytes > 8 && metadataBytes <= MOST_HEAD_BYTES;
  return { at: Number(block?.offset() ?? -1n), headBytes: isLikely ? metadataBytes : HEAD_BYTES };
};

const decodeFooter = (footer: Uint8Array): FooterFacts => {
  const decoded = Footer.getRootAsFooter(new ByteBuffer(footer));
  const counts = [decoded.dictionariesLength(), decoded.recordBatchesLength()] as const;
  if (counts.some((count) => !(count >= 0 && count * FOOTER_BLOCK_BYTES <= footer.byteLength)))
    throw new ArrowFormatError('the footer counts more than it can hold');
  checkFooterSchema(decoded.schema(), footer.byteLength);
  return {
    schema: DecodedFooter.decode(footer).schema,
    dictionaries: Array.from({ length: counts[0] }, (_, index) => placeOf(decoded.dictionaries(index))),
    batches: Array.from({ length: counts[1] }, (_, index) => placeOf(decoded.recordBatches(index))),
  };
};

const readFooter = function* (sizeBytes: number): Reading<FooterFacts> {
  const tailStart = sizeBytes - TAIL_BYTES;
  if (tailStart < FILE_START) throw new ArrowFormatError('it is a file without an end');
  const tail = yield* read(tailStart, TAIL_BYTES);
  if (!MAGIC.equals(tail.subarray(4))) throw new ArrowFormatError('it is a file without an end');
  const length = new DataView(tail.buffer, tail.byteOffset).getInt32(0, true);
  if (length <= 0 || length > tailStart - FILE_START) throw new ArrowFormatError('its footer is damaged');
  const footer = yield* read(tailStart - length, length);
  try {
    return decodeFooter(footer);
  } catch (cause) {
    if (cause instanceof ArrowFormatError) throw cause;
    throw new ArrowFormatError('its footer is damaged', { cause });
  }
};

type BlockKind = 'dictionary' | 'batch';

const readBlock = function* (options: WalkOptions, place: Place, kind: BlockKind): Reading<Framed> {
  const framed = yield* readMessage(options, place);
  if (framed.message?.kind !== kind)
    throw new ArrowFormatError(`its footer points to no ${kind} at byte ${place.at}`);
  return framed;
};

const extentsOf = (sizeBytes: number, places: readonly Place[]): readonly Extent[] =>
  places
    .filter(({ at }) => at >= 0 && at < sizeBytes)
    .map(({ at, headBytes }) => ({ offset: at, length: Math.min(headBytes, sizeBytes - at) }));

/** A file's dictionaries hold for all of its batches, so one may be added to, and none take another's place. */
const walkFile = function* (options: WalkOptions): ArrowWalk {
  const { sizeBytes } = options;
  const { schema, dictionaries, batches } = yield* readFooter(sizeBytes);
  const wanted = options.batches === undefined ? batches : batches.slice(...options.batches);
  yield { kind: 'soon', extents: extentsOf(sizeBytes, [...dictionaries, ...wanted]) };
  // Not the message at the file's start: the JavaScript library's writer leaves it out.
  yield { kind: 'message', message: { kind: 'schema', schema }, body: { offset: 0, length: 0 } };
  const seen = new Set<number>();
  for (const place of dictionaries) {
    const { message, body } = yield* readBlock(options, place, 'dictionary');
    if (message?.kind !== 'dictionary') continue;
    const { id, isDelta } = message.header;
    if (!isDelta && seen.has(id))
      throw new ArrowFormatError('a dictionary of a file takes the place of another');
    seen.add(id);
    yield { kind: 'message', message, body };
  }
  for (const place of wanted) {
    const { message, body } = yield* readBlock(options, place, 'batch');
    if (message !== undefined) yield { kind: 'message', message, body };
  }
};

/**
 * Walks over the messages of a file or stream: the schema, the dictionaries, the batches. Throws ArrowFormatError, and
 * what the one who walks throws into it.
 */
export const walkArrow = function* (options: WalkOptions): ArrowWalk {
  const head = yield* read(0, Math.min(options.sizeBytes, FILE_START));
  const begins = (mark: Buffer): boolean => mark.equals(head.subarray(0, mark.length));
  if (begins(FEATHER_1))
    throw new ArrowFormatError('it is Feather of version 1; write it anew as version 2, which is Arrow IPC');
  yield* begins(MAGIC) ? walkFile(options) : walkStream(options);
};
