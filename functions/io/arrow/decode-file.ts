import { Footer } from 'apache-arrow/ipc/metadata/file';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { type DecodedMessage, decodeMessageAt } from './decode-message.ts';

/**
 * Arrow's file format: a mark, the messages, a footer that says where each stands, its length, the mark.
 * @see https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
 */
const MAGIC = Buffer.from('ARROW1');
const TAIL_BYTES = 4 + MAGIC.length;

export const isArrowFile = (bytes: Uint8Array): boolean => MAGIC.equals(bytes.subarray(0, MAGIC.length));

const decodeFooter = (bytes: Uint8Array): Footer => {
  const tail = bytes.byteLength - TAIL_BYTES;
  if (tail < MAGIC.length || !MAGIC.equals(bytes.subarray(tail + 4)))
    throw new ArrowFormatError('it is a file without an end');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getInt32(tail, true);
  if (length <= 0 || length > tail) throw new ArrowFormatError('the footer of the file is damaged');
  try {
    return Footer.decode(bytes.subarray(tail - length, tail));
  } catch (cause) {
    throw new ArrowFormatError('the footer of the file is damaged', { cause });
  }
};

/** Walks over the messages of a file: the schema, the dictionaries, the batches. Throws ArrowFormatError. */
export const decodeFileMessages = function* (bytes: Uint8Array): Generator<DecodedMessage> {
  const footer = decodeFooter(bytes);
  yield { kind: 'schema', schema: footer.schema };
  for (const blocks of [footer.dictionaryBatches(), footer.recordBatches()])
    for (const block of blocks) {
      const framed = decodeMessageAt(bytes, block.offset);
      if (framed === undefined) throw new ArrowFormatError('the footer points to no message');
      yield framed.message;
    }
};
