import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type BodyBytes, cutShort, type DecodedMessage } from './decode-message.ts';
import { type Extent, walkArrow } from './walk-arrow.ts';

/** A body up to this size is read at once: one read costs less than one for each buffer. */
const SMALL_BODY_BYTES = 262_144;

/** Gives exactly these bytes, in memory of their own. */
const readExtent = (file: number, { offset, length }: Extent): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const count = readSync(file, bytes, filled, length - filled, offset + filled);
    if (count === 0) cutShort(`the bytes from ${offset} on`);
    filled += count;
  }
  return bytes;
};

const bodyOf = (file: number, { offset, length }: Extent): BodyBytes => {
  let whole: Uint8Array | undefined;
  return {
    byteLength: length,
    subarray: (start, end) => {
      if (length > SMALL_BODY_BYTES) return readExtent(file, { offset: offset + start, length: end - start });
      whole ??= readExtent(file, { offset, length });
      return whole.subarray(start, end);
    },
  };
};

/**
 * Walks over the messages of the file or stream at `path`, from the disk: the schema, the dictionaries, the batches,
 * or those [first, end) of them. Of a batch first its header, then those buffers alone that somebody asks for. Bodies
 * can be read until the next message is asked for, dictionaries until the last. Throws ArrowFormatError, or the
 * system's own error.
 */
export const readArrowFile = function* (
  path: string,
  batches?: readonly [number, number],
): Generator<DecodedMessage> {
  const file = openSync(path, 'r');
  try {
    const walk = walkArrow({
      sizeBytes: fstatSync(file).size,
      batches,
      bodyOf: (body) => bodyOf(file, body),
    });
    for (let next = walk.next(); next.done !== true; ) {
      const step = next.value;
      if (step.kind === 'message') yield step.message;
      next = step.kind === 'need' ? walk.next(readExtent(file, step)) : walk.next();
    }
  } finally {
    closeSync(file);
  }
};
