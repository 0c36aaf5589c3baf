/** Buffers begin small, so that a block of many narrow columns does not start with megabytes. */
const SMALLEST_BYTES = 4096;
/** What one ArrayBuffer of Arrow offsets can address. */
export const LARGEST_BYTES = 2 ** 31 - 1;

/** The same bytes in a buffer that holds at least `bytes`, doubled so that copies stay rare. */
export const growBytes = (buffer: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> => {
  if (bytes <= buffer.byteLength) return buffer;
  let size = Math.max(SMALLEST_BYTES, buffer.byteLength);
  while (size < bytes) size *= 2;
  const grown = new Uint8Array(size);
  grown.set(buffer);
  return grown;
};
