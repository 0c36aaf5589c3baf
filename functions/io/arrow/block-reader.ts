import { crc32 } from 'node:zlib';
import { BlockCorruptError } from '../../contract/errors-store.ts';
import type { PartitionExtent } from './block-writer.ts';
import { type DecodedStream, decodeStream, type LoadedBatch } from './decode-stream.ts';

const countRows = function* (
  batches: Iterable<LoadedBatch>,
  expected: number,
  key: string,
): Generator<LoadedBatch> {
  let rows = 0;
  for (const batch of batches) {
    rows += batch.rows;
    yield batch;
  }
  if (rows !== expected)
    throw new BlockCorruptError({ key, found: `${rows} rows in a partition`, expected: `${expected}` });
};

/**
 * Reads the bytes of one partition, which a ranged read of the block gave, after checking them against
 * the commit: size and CRC-32 at once, rows at the end. A partition without rows is undefined: its type is
 * nowhere. Throws BlockCorruptError.
 */
export const decodePartition = (
  key: string,
  partition: PartitionExtent,
  bytes: Uint8Array,
): DecodedStream | undefined => {
  if (bytes.byteLength !== partition.sizeBytes)
    throw new BlockCorruptError({
      key,
      found: `${bytes.byteLength} bytes at offset ${partition.offset}`,
      expected: `${partition.sizeBytes}`,
    });
  const checksum = crc32(bytes);
  if (checksum !== partition.crc32)
    throw new BlockCorruptError({
      key,
      found: `the CRC-32 ${checksum} at offset ${partition.offset}`,
      expected: `${partition.crc32}`,
    });
  if (partition.rows === 0) return undefined;
  const { columns, batches } = decodeStream(bytes);
  return { columns, batches: countRows(batches, partition.rows, key) };
};
