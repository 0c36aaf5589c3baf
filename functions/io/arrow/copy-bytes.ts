/** Above this the call of `set` beats a loop over words. */
const SHORT_BYTES = 96;

/** The same bytes as an array and as words at any address. */
export type Span = { readonly bytes: Uint8Array; readonly view: DataView };

export const spanOf = (bytes: Uint8Array): Span => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
});

/** Copies `length` bytes from one place to another, in different memory. */
export const copyBytes = (from: Span, fromAt: number, to: Span, toAt: number, length: number): void => {
  if (length > SHORT_BYTES) {
    to.bytes.set(from.bytes.subarray(fromAt, fromAt + length), toAt);
    return;
  }
  const source = from.view;
  const target = to.view;
  let at = 0;
  for (; at + 4 <= length; at += 4) target.setUint32(toAt + at, source.getUint32(fromAt + at, true), true);
  for (; at < length; at++) target.setUint8(toAt + at, source.getUint8(fromAt + at));
};
