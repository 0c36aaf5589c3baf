import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import type { PackedPartition } from '../contract/commit.ts';
import { BlockMissingError } from '../contract/errors-store.ts';
import { renderBlockKey } from '../contract/keys.ts';
import type { TaskOf } from '../contract/task.ts';
import { decodePartition } from './arrow/block-reader.ts';
import type { PartitionExtent } from './arrow/block-writer.ts';
import type { DecodedStream } from './arrow/decode-stream.ts';
import { type BlockSpan, fetchBlocks } from './fetch-blocks.ts';
import type { ObjectStore } from './object-store.ts';

/** A partition of a block, with the task that wrote it. */
export type BlockStream = DecodedStream & { readonly task: string };

/** The rows of a task's partitions, read while a query asks for them. */
export type OpenBlocks = {
  /** Opens the streams anew: blocks in task order, partitions in their order. */
  readonly open: () => Iterable<BlockStream>;
  /** Rows delivered so far, by all scans. */
  readonly rowsRead: () => number;
};

type Place = {
  readonly store: ObjectStore;
  readonly job: string;
  /** The stage that wrote the blocks. */
  readonly stage: string;
  /** Where bytes of a store that is not on files are kept while they are read. */
  readonly scratchDir: string;
};

/** Partitions of one block, and the local file that holds them. */
type Source = BlockSpan & {
  readonly partitions: readonly PackedPartition[];
  readonly path: string;
  /** Byte of the file that is byte 0 of the block; negative where the file begins later. */
  readonly blockOrigin: number;
};

/**
 * Opens the partitions of a task in the blocks of the stage before. On files they are read in place; of another store
 * their bytes are copied to the scratch folder first. One partition of one block is in memory at a time.
 * Opening and reading throw BlockMissingError and BlockCorruptError.
 */
export const openBlocks = async (place: Place, task: TaskOf<'partitions'>): Promise<OpenBlocks> => {
  const sources = await locateSources(place, task);
  let rows = 0;
  const open = function* (): Generator<BlockStream> {
    for (const source of sources) {
      const file = openSource(source);
      try {
        for (const [offset, sizeBytes, crc32, partitionRows] of source.partitions) {
          const extent = { offset, sizeBytes, crc32, rows: partitionRows };
          const stream = decodePartition(source.key, extent, readExtent(file, source.blockOrigin, extent));
          if (stream === undefined) continue;
          yield { ...stream, task: source.task };
          rows += partitionRows;
        }
      } finally {
        closeSync(file);
      }
    }
  };
  return { open, rowsRead: () => rows };
};

const locateSources = async (
  { store, job, stage, scratchDir }: Place,
  task: TaskOf<'partitions'>,
): Promise<readonly Source[]> => {
  const copy = path.join(scratchDir, 'blocks');
  const copied: BlockSpan[] = [];
  let copiedBytes = 0;
  const sources = task.sources.map(([source, run, attempt, partitions]): Source => {
    const key = renderBlockKey({ job, run, stage, task: source, attempt, format: 'arrow' });
    const span = { key, task: source, ...spanOf(partitions) };
    const local = store.localPath(key);
    if (local !== undefined) return { ...span, partitions, path: local, blockOrigin: 0 };
    const blockOrigin = copiedBytes - span.offset;
    copied.push(span);
    copiedBytes += span.lengthBytes;
    return { ...span, partitions, path: copy, blockOrigin };
  });
  if (copied.length > 0) await fetchBlocks(store, copied, copy);
  return sources;
};

/** From the first partition to the end of the last: they lie one after another. */
const spanOf = (
  partitions: readonly PackedPartition[],
): { readonly offset: number; readonly lengthBytes: number } => {
  const [offset] = partitions[0] ?? [0];
  const [lastOffset, lastBytes] = partitions.at(-1) ?? [0, 0];
  return { offset, lengthBytes: lastOffset + lastBytes - offset };
};

const openSource = ({ key, task, path: file }: Source): number => {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw new BlockMissingError({ key, task }, { cause: error });
  }
};

const readExtent = (
  file: number,
  blockOrigin: number,
  { offset, sizeBytes }: PartitionExtent,
): Uint8Array => {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let filled = 0;
  while (filled < sizeBytes) {
    const count = readSync(file, bytes, filled, sizeBytes - filled, blockOrigin + offset + filled);
    if (count === 0) break;
    filled += count;
  }
  // A block that is too short is found by whoever compares the size.
  return bytes.subarray(0, filled);
};
