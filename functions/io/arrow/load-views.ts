import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import type { LoadArray } from './load-array.ts';
import { checkText } from './load-array.ts';

/**
 * Arrow's views of text and bytes, which Polars writes: 16 bytes a value, a length, then up to 12 bytes
 * of text, or a prefix, the number of a buffer and an offset into it.
 * @see https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
 */
const VIEW_BYTES = 16;
const INLINE_BYTES = 12;

export const loadViews =
  (content: 'text' | 'bytes'): LoadArray =>
  (cursor) => {
    const { length, nullCount } = cursor.node();
    const bits = cursor.buffer(nullCount === 0 ? 0 : (length + 7) >>> 3);
    const validity = nullCount === 0 ? null : bits;
    const views = cursor.buffer(length * VIEW_BYTES);
    const buffers = Array.from({ length: cursor.variadicCount() }, () => cursor.buffer(0));
    const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
    const isValid = (row: number): boolean =>
      validity === null || (((validity[row >>> 3] as number) >>> (row & 7)) & 1) === 1;
    const offsets = new Int32Array(length + 1);
    let total = 0;
    for (let row = 0; row < length; row++) {
      if (isValid(row)) total += view.getUint32(row * VIEW_BYTES, true);
      if (total > 2 ** 31 - 1) throw new ArrowFormatError('a batch holds more than 2 GiB in one column');
      offsets[row + 1] = total;
    }
    const data = new Uint8Array(total);
    for (let row = 0; row < length; row++) {
      if (!isValid(row)) continue;
      const at = row * VIEW_BYTES;
      const size = view.getUint32(at, true);
      const source =
        size <= INLINE_BYTES ? views : (buffers[view.getInt32(at + 8, true)] ?? new Uint8Array(0));
      const from = size <= INLINE_BYTES ? at + 4 : view.getUint32(at + 12, true);
      if (from + size > source.byteLength)
        throw new ArrowFormatError('a view lies behind the end of its data');
      data.set(source.subarray(from, from + size), offsets[row] as number);
    }
    if (content === 'text') checkText(offsets, data);
    return { kind: 'bytes', length, validity, offsets, data };
  };
