import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Bytes with their place in a file. */
export type Piece = { readonly offset: number; readonly bytes: Uint8Array };

/** Writes pieces at their places of a file, which is made where it is not there and gets this size; the rest are holes. */
export const writeAt = async (
  targetPath: string,
  pieces: readonly Piece[],
  sizeBytes: number,
): Promise<void> => {
  const target = await open(targetPath, constants.O_RDWR | constants.O_CREAT);
  try {
    await target.truncate(sizeBytes);
    for (const { offset, bytes } of pieces) {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await target.write(bytes, written, bytes.length - written, offset + written);
        written += bytesWritten;
      }
    }
  } finally {
    await target.close();
  }
};
