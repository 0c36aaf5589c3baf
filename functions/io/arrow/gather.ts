import type { Selection } from './selection.ts';
import type { Width } from './types.ts';

export const words16 = (bytes: Uint8Array): Uint16Array =>
  new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 1);
export const words32 = (bytes: Uint8Array): Uint32Array =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);

/** Where values go: from position `at` on, counted in values. */
type Target<Words> = { readonly to: Words; readonly at: number };
type Rows = { readonly start: number; readonly count: number; readonly rows: Uint32Array };

/** One function for each width, so that the compiler sees one kind of array in each loop. */
const gather8 = ({ to, at }: Target<Uint8Array>, from: Uint8Array, { start, count, rows }: Rows): void => {
  for (let i = 0; i < count; i++) to[at + i] = from[rows[start + i] as number] as number;
};

const gather16 = ({ to, at }: Target<Uint16Array>, from: Uint16Array, { start, count, rows }: Rows): void => {
  for (let i = 0; i < count; i++) to[at + i] = from[rows[start + i] as number] as number;
};

const gather32 = ({ to, at }: Target<Uint32Array>, from: Uint32Array, { start, count, rows }: Rows): void => {
  for (let i = 0; i < count; i++) to[at + i] = from[rows[start + i] as number] as number;
};

/** As words of 4 bytes: a Float64Array may change the bits of a NaN. */
const gather64 = ({ to, at }: Target<Uint32Array>, from: Uint32Array, { start, count, rows }: Rows): void => {
  let out = at * 2;
  for (let i = 0; i < count; i++) {
    const row = (rows[start + i] as number) * 2;
    to[out] = from[row] as number;
    to[out + 1] = from[row + 1] as number;
    out += 2;
  }
};

const gather128 = (
  { to, at }: Target<Uint32Array>,
  from: Uint32Array,
  { start, count, rows }: Rows,
): void => {
  let out = at * 4;
  for (let i = 0; i < count; i++) {
    const row = (rows[start + i] as number) * 4;
    to[out] = from[row] as number;
    to[out + 1] = from[row + 1] as number;
    to[out + 2] = from[row + 2] as number;
    to[out + 3] = from[row + 3] as number;
    out += 4;
  }
};

/** Copies the selected values of `width` bytes, one after another. */
export const gatherValues = (
  { to, at }: Target<Uint8Array>,
  from: Uint8Array,
  { start, count, rows }: Selection,
  width: Width,
): void => {
  if (rows === null) to.set(from.subarray(start * width, (start + count) * width), at * width);
  else if (width === 1) gather8({ to, at }, from, { start, count, rows });
  else if (width === 2) gather16({ to: words16(to), at }, words16(from), { start, count, rows });
  else if (width === 4) gather32({ to: words32(to), at }, words32(from), { start, count, rows });
  else if (width === 8) gather64({ to: words32(to), at }, words32(from), { start, count, rows });
  else gather128({ to: words32(to), at }, words32(from), { start, count, rows });
};
