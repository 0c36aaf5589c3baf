import { open } from 'node:fs/promises';

/** The bytes of one input file, wherever it lies. */
export type ByteSource = {
  /** Reads into the buffer from byte `offset` on; resolves to how many bytes it got, which are none only at the end. */
  readonly read: (buffer: Uint8Array, offset: number) => Promise<number>;
  readonly close: () => Promise<void>;
};

/** Bytes that are going to be read from first to last, for a source that fetches ahead; others may be read too. */
export type ByteSpan = { readonly from: number; readonly until: number };

export type OpenBytes = (span: ByteSpan) => Promise<ByteSource>;

/** Opens a file of this machine. */
export const openFileBytes = async (path: string): Promise<ByteSource> => {
  const file = await open(path, 'r');
  return {
    read: async (buffer, offset) => (await file.read(buffer, 0, buffer.length, offset)).bytesRead,
    close: () => file.close(),
  };
};

/** Fills the buffer from byte `offset` on; the result is shorter only where the file ends. */
export const readFully = async (
  source: ByteSource,
  buffer: Uint8Array,
  offset: number,
): Promise<Uint8Array> => {
  let filled = 0;
  while (filled < buffer.length) {
    const count = await source.read(buffer.subarray(filled), offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
};
