import type { RemoteFile, RemoteFiles } from './remote-files.ts';
import { writeAt } from './write-at.ts';

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
  const footerOffset = findFooter(tail, sizeBytes) ?? sizeBytes - tailBytes;
  const bytes =
    footerOffset < sizeBytes - tailBytes
      ? await files.read(file, { offset: footerOffset, lengthBytes: sizeBytes - footerOffset })
      : tail;
  // Of many files only the footers go to the disk.
  const kept = tailBytes === sizeBytes ? bytes : bytes.subarray(bytes.length - (sizeBytes - footerOffset));
  const beginOffset = sizeBytes - kept.length;
  await writeAt(targetPath, [{ offset: beginOffset, bytes: kept }], sizeBytes);
  return { beginOffset };
};
