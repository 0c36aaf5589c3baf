import type { FileHandle } from 'node:fs/promises';

/** Writes all of the bytes where the file stands: one call may write fewer. */
export const writeAll = async (file: FileHandle, bytes: Uint8Array): Promise<void> => {
  let writtenBytes = 0;
  while (writtenBytes < bytes.length) {
    writtenBytes += (await file.write(bytes, writtenBytes, bytes.length - writtenBytes)).bytesWritten;
  }
};
