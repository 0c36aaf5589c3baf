import type { RemoteFile, RemoteFiles } from './remote-files.ts';
import { type Piece, writeAt } from './write-at.ts';

/** Bytes of the first read from the end: most footers are smaller, and a small file is whole in it. */
const TAIL_BYTES = 32_768;

/** The footer's length, and the mark behind it. */
const END_BYTES = 8;

/** Where the footer begins, by a file's last bytes; undefined where they do not say, and DuckDB is to say why. */
const findFooter = (tail: Uint8Array, sizeBytes: number): number | undefined => {
  if (tail.length < END_BYTES) return undefined;
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const begin = sizeBytes - END_BYTES - view.getUint32(tail.length - END_BYTES, true);
  return begin >= 0 ? begin : undefined;
};

/** A sparse file of a Parquet file's size, which holds the bytes from `beginOffset` on. */
export type FooterCopy = { readonly beginOffset: number };

/**
 * Copies the footer of a Parquet file to its own place in a new sparse file; a file that fits in one read is whole.
 * Fails as `RemoteFiles.read` does.
 */
export const copyFooter = async (
  files: RemoteFiles,
  file: RemoteFile,
  targetPath: string,
): Promise<FooterCopy> => {
  const { sizeBytes } = file;
  const tailBytes = Math.min(TAIL_BYTES, sizeBytes);
  const tail = await files.read(file, { offset: sizeBytes - tailBytes, lengthBytes: tailBytes });
  const tailOffset = sizeBytes - tailBytes;
  const footerOffset = tailOffset === 0 ? 0 : (findFooter(tail, sizeBytes) ?? tailOffset);
  const pieces: Piece[] = [];
  if (footerOffset < tailOffset) {
    const bytes = await files.read(file, { offset: footerOffset, lengthBytes: tailOffset - footerOffset });
    pieces.push({ offset: footerOffset, bytes });
  }
  // Of many files only the footers go to the disk.
  const begin = Math.max(0, footerOffset - tailOffset);
  pieces.push({ offset: tailOffset + begin, bytes: tail.subarray(begin) });
  await writeAt(targetPath, pieces, sizeBytes);
  return { beginOffset: footerOffset };
};
