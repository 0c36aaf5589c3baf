import type { FileHandle } from 'node:fs/promises';

/** Writes all of the bytes, at a position or where the file stands: one call of the system may write fewer. */
export const writeAll = async (file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> => {
  let written = 0;
  while (written < bytes.length) {
    const at = position === undefined ? null : position + written;
    written += (await file.write(bytes, written, bytes.length - written, at)).bytesWritten;
  }
};
