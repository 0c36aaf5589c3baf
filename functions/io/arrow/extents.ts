import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';

/** Bytes put aside: in memory, or from `offset` on in the scratch file. */
export type Extent = { readonly sizeBytes: number; offset: number; bytes: Uint8Array | undefined };

/** Keeps byte strings until they are taken, in memory up to a bound, the others in one scratch file. */
export type ExtentStore = {
  readonly put: (bytes: Uint8Array) => Extent;
  /** Gives the bytes of an extent in pieces. */
  readonly take: (extent: Extent, use: (piece: Uint8Array) => void) => void;
  /** Removes the scratch file. */
  readonly close: () => void;
};

const PIECE_BYTES = 4 * 2 ** 20;

export const writeFully = (file: number, bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at, bytes.byteLength - at);
};

export const createExtentStore = (scratchPath: string, memoryBytes: number): ExtentStore => {
  let waiting: Extent[] = [];
  let waitingBytes = 0;
  let scratchBytes = 0;
  let file: number | undefined;
  const spill = (): void => {
    file ??= openSync(scratchPath, 'wx+', 0o600);
    for (const extent of waiting) {
      if (extent.bytes === undefined) continue;
      writeFully(file, extent.bytes);
      extent.offset = scratchBytes;
      extent.bytes = undefined;
      scratchBytes += extent.sizeBytes;
    }
    waiting = [];
    waitingBytes = 0;
  };
  const readScratch = (extent: Extent, use: (piece: Uint8Array) => void): void => {
    if (file === undefined) throw new Error('an extent stands in a scratch file that was never opened');
    const piece = new Uint8Array(Math.min(PIECE_BYTES, extent.sizeBytes));
    for (let at = 0; at < extent.sizeBytes; ) {
      const size = Math.min(piece.byteLength, extent.sizeBytes - at);
      const read = readSync(file, piece, 0, size, extent.offset + at);
      if (read === 0) throw new Error(`the scratch file ${scratchPath} was cut short by another`);
      use(piece.subarray(0, read));
      at += read;
    }
  };
  return {
    put: (bytes) => {
      const extent: Extent = { sizeBytes: bytes.byteLength, offset: 0, bytes };
      waiting.push(extent);
      waitingBytes += bytes.byteLength;
      if (waitingBytes > memoryBytes) spill();
      return extent;
    },
    take: (extent, use) => {
      if (extent.bytes === undefined) readScratch(extent, use);
      else use(extent.bytes);
      extent.bytes = undefined;
    },
    close: () => {
      waiting = [];
      if (file === undefined) return;
      closeSync(file);
      file = undefined;
      rmSync(scratchPath, { force: true });
    },
  };
};
