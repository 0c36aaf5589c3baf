import { closeSync, openSync, readSync } from 'node:fs';
import { BlockMissingError } from '../contract/errors-store.ts';
import { renderBlockKey } from '../contract/keys.ts';
import type { TaskOf } from '../contract/task.ts';
import { decodePartition } from './arrow/block-reader.ts';
import type { DecodedStream } from './arrow/decode-stream.ts';
import type { ObjectStore } from './object-store.ts';

/** The rows of a task's partitions, read while a query asks for them. */
export type OpenBlocks = {
  /** Opens the streams anew: blocks in task order, partitions in their order. */
  readonly open: () => Iterable<DecodedStream>;
  /** Rows delivered so far, by all scans. */
  readonly rowsRead: () => number;
};

type BlockIds = { readonly job: string; readonly stage: string };

/**
 * Opens the partitions of a task in the blocks of the stage before. On files they are read in place, one
 * partition of one block in memory at a time. Reading throws BlockMissingError and BlockCorruptError.
 */
export const openBlocks = (store: ObjectStore, from: BlockIds, task: TaskOf<'partitions'>): OpenBlocks => {
  let rows = 0;
  const open = function* (): Generator<DecodedStream> {
    for (const [source, run, attempt, partitions] of task.sources) {
      const key = renderBlockKey({ ...from, run, task: source, attempt, format: 'arrow' });
      const file = openBlock(store, key, source);
      try {
        for (const [offset, sizeBytes, crc32, partitionRows] of partitions) {
          const extent = { offset, sizeBytes, crc32, rows: partitionRows };
          const stream = decodePartition(key, extent, readExtent(file, extent));
          if (stream === undefined) continue;
          yield stream;
          rows += partitionRows;
        }
      } finally {
        closeSync(file);
      }
    }
  };
  return { open, rowsRead: () => rows };
};

const openBlock = (store: ObjectStore, key: string, task: string): number => {
  const path = store.localPath(key);
  if (path === undefined)
    throw new Error('blocks of a store that is not on files are copied to scratch first');
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new BlockMissingError({ key, task }, { cause: error });
  }
};

const readExtent = (
  file: number,
  { offset, sizeBytes }: { readonly offset: number; readonly sizeBytes: number },
): Uint8Array => {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let filled = 0;
  while (filled < sizeBytes) {
    const count = readSync(file, bytes, filled, sizeBytes - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  // A block that is too short is found by whoever compares the size.
  return bytes.subarray(0, filled);
};
