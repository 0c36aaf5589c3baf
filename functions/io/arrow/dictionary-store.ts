import type { DictionaryBatch } from 'apache-arrow/ipc/metadata/message';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { type BodyBytes, createBatchCursor } from './decode-message.ts';
import { type LoadArray, loadBytes } from './load-array.ts';
import { type LoadedArray, unpackBits } from './loaded-array.ts';
import { rangeOf } from './selection.ts';
import { packBits } from './validity.ts';

/** The dictionaries of one stream, by id, as far as they were read. */
export type DictionaryStore = {
  /** Takes a dictionary, or what a delta adds to one; another one under the same id takes its place. */
  readonly add: (header: DictionaryBatch, body: BodyBytes) => void;
  /** The values of a dictionary of text. */
  readonly texts: (id: number) => string[];
  /** Loads indices as they are, checked, for a type whose values are the dictionary. */
  readonly loadIndices: (id: number, load: LoadArray) => LoadArray;
  /** Loads indices and gives the values they stand for. */
  readonly loadValues: (id: number, load: LoadArray, loadValue: LoadArray) => LoadArray;
};

type Batch = { readonly header: DictionaryBatch; readonly body: BodyBytes };
type Flat = Extract<LoadedArray, { kind: 'fixed' | 'bytes' }>;

const indicesOf = (array: LoadedArray): Uint8Array | Uint16Array | Uint32Array => {
  if (array.kind !== 'fixed' || array.width > 8) throw new ArrowFormatError('indices are not integers');
  const { values, width, length } = array;
  const copy = values.slice(0, length * width);
  if (width === 1) return copy;
  if (width === 2) return new Uint16Array(copy.buffer);
  if (width === 4) return new Uint32Array(copy.buffer);
  return Uint32Array.from(new BigUint64Array(copy.buffer), Number);
};

/** Bytes of 1 where there is a value. Indices under a null become 0. */
const checkIndices = (
  indices: Uint8Array | Uint16Array | Uint32Array,
  array: LoadedArray,
  size: number,
): Uint8Array => {
  const valid =
    array.validity === null ? new Uint8Array(array.length).fill(1) : unpackBits(array.validity, array.length);
  for (let i = 0; i < indices.length; i++) {
    if (valid[i] === 0) indices[i] = 0;
    else if ((indices[i] as number) >= size)
      throw new ArrowFormatError('an index lies outside its dictionary');
  }
  return valid;
};

const flatOf = (array: LoadedArray): Flat => {
  if (array.kind === 'fixed' || array.kind === 'bytes') return array;
  throw new ArrowFormatError('a dictionary of nested values is not read');
};

const takeFixed = (
  from: Extract<Flat, { kind: 'fixed' }>,
  indices: ArrayLike<number>,
  validity: Uint8Array | null,
): LoadedArray => {
  const { width, values } = from;
  const length = indices.length;
  const out = new Uint8Array(length * width);
  for (let i = 0; i < length; i++) {
    const at = (indices[i] as number) * width;
    for (let byte = 0; byte < width; byte++) out[i * width + byte] = values[at + byte] as number;
  }
  return { kind: 'fixed', length, validity, width, values: out };
};

const takeBytes = (
  from: Extract<Flat, { kind: 'bytes' }>,
  indices: ArrayLike<number>,
  validity: Uint8Array | null,
): LoadedArray => {
  const length = indices.length;
  const offsets = new Int32Array(length + 1);
  let total = 0;
  for (let i = 0; i < length; i++) {
    const index = indices[i] as number;
    total += (from.offsets[index + 1] ?? 0) - (from.offsets[index] ?? 0);
    if (total > 2 ** 31 - 1) throw new ArrowFormatError('a batch holds more than 2 GiB in one column');
    offsets[i + 1] = total;
  }
  const data = new Uint8Array(total);
  for (let i = 0; i < length; i++) {
    const index = indices[i] as number;
    data.set(
      from.data.subarray(from.offsets[index] ?? 0, from.offsets[index + 1] ?? 0),
      offsets[i] as number,
    );
  }
  return { kind: 'bytes', length, validity, offsets, data };
};

const takeFlat = (from: Flat, indices: ArrayLike<number>, valid: Uint8Array): LoadedArray => {
  const present = from.validity === null ? null : unpackBits(from.validity, from.length);
  if (present !== null)
    for (let i = 0; i < valid.length; i++)
      valid[i] = (valid[i] as number) & (present[indices[i] as number] ?? 0);
  const { zeros, bits } = packBits(valid, rangeOf(0, valid.length));
  const validity = zeros === 0 ? null : bits;
  return from.kind === 'fixed' ? takeFixed(from, indices, validity) : takeBytes(from, indices, validity);
};

/** A delta's values behind those before it. */
const concatTwo = (before: Flat, part: Flat): Flat => {
  const length = before.length + part.length;
  const valid = Uint8Array.from({ length }, (_, i) =>
    i < before.length ? bitOf(before, i) : bitOf(part, i - before.length),
  );
  const { zeros, bits } = packBits(valid, rangeOf(0, length));
  const validity = zeros === 0 ? null : bits;
  if (before.kind === 'fixed' && part.kind === 'fixed') {
    const { kind, width } = before;
    const values = Buffer.concat([before.values.subarray(0, before.length * width), part.values]);
    return { kind, length, validity, width, values };
  }
  if (before.kind !== 'bytes' || part.kind !== 'bytes')
    throw new ArrowFormatError('a dictionary changes its type');
  const end = before.offsets[before.length] as number;
  const offsets = Int32Array.from({ length: length + 1 }, (_, i) =>
    i <= before.length ? (before.offsets[i] as number) : end + (part.offsets[i - before.length] as number),
  );
  const data = Buffer.concat([before.data.subarray(0, end), part.data]);
  return { kind: 'bytes', length, validity, offsets, data };
};

const concatFlat = (parts: readonly Flat[]): Flat => {
  const [first, ...rest] = parts;
  if (first === undefined) throw new ArrowFormatError('a dictionary is missing');
  return rest.reduce(concatTwo, first);
};

const bitOf = (array: LoadedArray, row: number): number =>
  array.validity === null ? 1 : ((array.validity[row >>> 3] as number) >>> (row & 7)) & 1;

export const createDictionaryStore = (): DictionaryStore => {
  const batches = new Map<number, Batch[]>();
  const loaded = new Map<number, Flat>();
  const load = (id: number, loadValue: LoadArray): Flat => {
    const known = loaded.get(id);
    if (known !== undefined) return known;
    const parts = (batches.get(id) ?? []).map(({ header, body }) =>
      flatOf(loadValue(createBatchCursor(header.data, body))),
    );
    const flat = concatFlat(parts);
    loaded.set(id, flat);
    return flat;
  };
  return {
    add: (header, body) => {
      const before = header.isDelta ? (batches.get(header.id) ?? []) : [];
      batches.set(header.id, [...before, { header, body }]);
      loaded.delete(header.id);
    },
    texts: (id) => {
      const flat = load(id, loadBytes(4, 'text'));
      if (flat.kind !== 'bytes') throw new ArrowFormatError('the values of an enum are not text');
      const text = Buffer.from(flat.data.buffer, flat.data.byteOffset, flat.data.byteLength);
      return Array.from({ length: flat.length }, (_, i) =>
        text.toString('utf8', flat.offsets[i], flat.offsets[i + 1]),
      );
    },
    loadIndices: (id, loadIndex) => {
      const size = load(id, loadBytes(4, 'text')).length;
      return (cursor) => {
        const array = loadIndex(cursor);
        checkIndices(indicesOf(array), array, size);
        return array;
      };
    },
    loadValues: (id, loadIndex, loadValue) => (cursor) => {
      const array = loadIndex(cursor);
      const indices = indicesOf(array);
      const values = load(id, loadValue);
      return takeFlat(values, indices, checkIndices(indices, array, values.length));
    },
  };
};
