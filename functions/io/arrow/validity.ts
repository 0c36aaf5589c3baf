import duckdb from '@duckdb/node-bindings';
import { growBytes } from './grow.ts';
import type { Selection } from './selection.ts';

/** A DuckDB vector with the number of rows it holds; for a list's child that is the child's size. */
export type VectorSource = { readonly vector: duckdb.Vector; readonly size: number };

const isAllValid = (mask: Uint8Array, size: number): boolean => {
  const whole = size >>> 3;
  for (let byte = 0; byte < whole; byte++) if (mask[byte] !== 0xff) return false;
  const rest = (1 << (size & 7)) - 1;
  return rest === 0 || ((mask[whole] as number) & rest) === rest;
};

/**
 * One byte a row, 1 where the row has a value; null where every row of the selection has one.
 * `parent` are the bytes of the struct or array around it: a child of a null is a null, whatever the
 * child's own mask says, because DuckDB leaves such children uninitialised.
 */
export const readValidity = (
  source: VectorSource,
  selection: Selection,
  parent: Uint8Array | null,
): Uint8Array | null => {
  const mask = duckdb.vector_get_validity(source.vector, Math.ceil(source.size / 64) * 8);
  // The binding's types leave out that a vector without nulls has no mask.
  if ((mask as Uint8Array | null) === null || isAllValid(mask, source.size)) return parent;
  const { start, count, rows } = selection;
  const valid = new Uint8Array(count);
  let nulls = 0;
  for (let i = 0; i < count; i++) {
    const row = rows === null ? start + i : (rows[start + i] as number);
    let bit = ((mask[row >>> 3] as number) >>> (row & 7)) & 1;
    if (parent !== null) bit &= parent[i] as number;
    valid[i] = bit;
    nulls += 1 - bit;
  }
  return nulls === 0 ? null : valid;
};

/** Packs bytes that are 0 or not 0 into bits, lowest bit first, and counts the zeros. */
export const packBits = (
  bytes: Uint8Array,
  selection: Selection,
): { readonly zeros: number; readonly bits: Uint8Array } => {
  const { start, count, rows } = selection;
  const bits = new Uint8Array((count + 7) >>> 3);
  let ones = 0;
  for (let i = 0; i < count; i++) {
    const row = rows === null ? start + i : (rows[start + i] as number);
    if (bytes[row] === 0) continue;
    bits[i >>> 3] = (bits[i >>> 3] as number) | (1 << (i & 7));
    ones++;
  }
  return { zeros: count - ones, bits };
};

/** The validity of a column as it is collected: bytes only from the first null on. */
export type ValidityBuffer = {
  append(valid: Uint8Array | null, length: number, count: number): void;
  /** Arrow's bitmap of the selection and its number of nulls; no bitmap where there is none. */
  emit(selection: Selection): { readonly nullCount: number; readonly bits: Uint8Array };
  clear(): void;
};

const NO_BYTES = new Uint8Array(0);

export const createValidityBuffer = (): ValidityBuffer => {
  let bytes: Uint8Array<ArrayBuffer> | null = null;
  return {
    append: (valid, length, count) => {
      if (bytes === null && valid === null) return;
      bytes = growBytes(
        bytes ?? new Uint8Array(Math.max(2 * length, 1024)).fill(1, 0, length),
        length + count,
      );
      if (valid === null) bytes.fill(1, length, length + count);
      else bytes.set(valid, length);
    },
    emit: (selection) => {
      if (bytes === null) return { nullCount: 0, bits: NO_BYTES };
      const { zeros, bits } = packBits(bytes, selection);
      return { nullCount: zeros, bits: zeros === 0 ? NO_BYTES : bits };
    },
    clear: () => {
      bytes = null;
    },
  };
};
