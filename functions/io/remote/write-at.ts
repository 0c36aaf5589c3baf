import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { writeAll } from '../write-all.ts';

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
    for (const { offset, bytes } of pieces) await writeAll(target, bytes, offset);
  } finally {
    await target.close();
  }
};
