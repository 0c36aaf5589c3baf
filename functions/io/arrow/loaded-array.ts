import type { Width } from './types.ts';

/**
 * One column of one record batch in memory, changed to DuckDB's representation. `validity` is Arrow's
 * bitmap, lowest bit first, or null where no row is null. Offsets count from the start of the child or of
 * the data; they were checked to rise and to lie inside.
 */
export type LoadedArray = { readonly length: number; readonly validity: Uint8Array | null } & (
  | { readonly kind: 'null' }
  | { readonly kind: 'fixed'; readonly width: Width; readonly values: Uint8Array }
  | { readonly kind: 'bytes'; readonly offsets: Int32Array; readonly data: Uint8Array }
  | { readonly kind: 'list'; readonly offsets: Int32Array; readonly child: LoadedArray }
  | { readonly kind: 'array'; readonly size: number; readonly child: LoadedArray }
  | { readonly kind: 'struct'; readonly children: readonly LoadedArray[] }
);

/** `count` bits from bit `start` on, moved to begin at bit 0. */
export const sliceBits = (bits: Uint8Array, start: number, count: number): Uint8Array => {
  const first = start >>> 3;
  const shift = start & 7;
  const bytes = (count + 7) >>> 3;
  if (shift === 0) return bits.slice(first, first + bytes);
  const out = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++)
    out[i] = ((bits[first + i] as number) >>> shift) | ((bits[first + i + 1] ?? 0) << (8 - shift));
  return out;
};

export const unpackBits = (bits: Uint8Array, count: number): Uint8Array => {
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) out[i] = ((bits[i >>> 3] as number) >>> (i & 7)) & 1;
  return out;
};
