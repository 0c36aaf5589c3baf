import { BlockCorruptError, BlockMissingError } from '../contract/errors-store.ts';
import type { ObjectStore } from './object-store.ts';
import { cutPart, writeParts } from './write-parts.ts';

/** Bytes of a block from `offset` on: the partitions of one task, one after another. */
export type BlockSpan = {
  readonly key: string;
  /** The task that wrote the block. */
  readonly task: string;
  readonly offset: number;
  readonly lengthBytes: number;
};

/**
 * Copies spans of blocks one after another into a local file: a ranged read for each of them, or more where a span is
 * longer than PART_BYTES, in bounded parallel. Memory is at most 64 MiB, the file as long as the spans together.
 * Fails with BlockMissingError, BlockCorruptError where a block ends before its span does, StoreError, and the
 * system's own error where the disk is full. Whether the bytes are right is for their readers to check.
 */
export const fetchBlocks = async (
  store: ObjectStore,
  spans: readonly BlockSpan[],
  path: string,
): Promise<void> => {
  let position = 0;
  const parts = spans.flatMap((span) => {
    const cut = cutPart({ ...span, position });
    position += span.lengthBytes;
    return cut;
  });
  await writeParts(path, parts, async ({ key, task, offset, lengthBytes }) => {
    const bytes = await store.getRange(key, offset, lengthBytes);
    if (bytes === undefined) throw new BlockMissingError({ key, task });
    if (bytes.length === lengthBytes) return bytes;
    throw new BlockCorruptError({
      key,
      found: `${bytes.length} bytes at offset ${offset}`,
      expected: `${lengthBytes}`,
    });
  });
};
