import { createHash } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { type Codec, DEFAULT_CODEC } from './compress.ts';
import { END_OF_STREAM } from './encode-message.ts';
import { createRowBuffer, DEFAULT_BATCH_ROWS, encodeHead, type NamedType } from './encode-stream.ts';
import { createExtentStore, type Extent, type ExtentStore, writeFully } from './extents.ts';
import { words32 } from './gather.ts';
import { growBytes } from './grow.ts';
import { rangeOf, type Selection } from './selection.ts';
import { type PartitionOrder, sortByPartition } from './sort-by-partition.ts';
import { type ArrowColumn, arrowColumnsOf } from './types.ts';
import { readValidity } from './validity.ts';

/** Where one partition lies in its block. One without rows has no bytes, and the CRC-32 of none, 0. */
export type PartitionExtent = {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly rows: number;
};

export type WrittenBlock = {
  readonly partitions: readonly PartitionExtent[];
  readonly rows: number;
  readonly sizeBytes: number;
  /** Of the whole block, lower-case hexadecimal. */
  readonly sha256: string;
};

export type BlockWriterOptions = {
  /** The file to write; it must not exist. */
  readonly path: string;
  /** Where batches wait that do not fit the memory; made only if needed, removed at the end. */
  readonly scratchPath: string;
  readonly columns: readonly NamedType[];
  /** `as they come`: as many as the highest number says that a row has. */
  readonly partitions: number | 'as they come';
  /** Which column of a chunk is the first of `columns`, where helper columns stand before them. */
  readonly firstColumn?: number;
  /** The most rows of a record batch. */
  readonly batchRows?: number;
  /** Rows are collected up to this many bytes before they go, by partition, into batches. */
  readonly bufferBytes?: number;
  /** Finished batches stay in memory up to this many bytes. */
  readonly pendingBytes?: number;
  readonly codec?: Codec;
};

/** With 400 partitions of ten columns a buffer of a batch has 8 KB then: enough for zstd to be worth its call. */
export const DEFAULT_BUFFER_BYTES = 32 * 2 ** 20;
export const DEFAULT_PENDING_BYTES = 64 * 2 ** 20;

/** Adds the rows of a chunk; `partitionOf` has the partition of each row, counted from 0. */
export type AppendRows = (chunk: DuckDBDataChunk, partitionOf: Uint32Array) => void;

type Pending = { rows: number; readonly extents: Extent[] };

/** The rows of partition `p` among those collected, cut into batches. */
const cutBatches = (order: PartitionOrder, p: number, batchRows: number): Selection[] => {
  const start = order.starts[p] as number;
  const end = order.starts[p + 1] as number;
  const batches: Selection[] = [];
  for (let at = start; at < end; at += batchRows)
    batches.push({ start: at, count: Math.min(batchRows, end - at), rows: order.rows });
  return batches;
};

type Collector = { readonly append: AppendRows; readonly finish: () => readonly Pending[] };

/** Collects rows and turns them, whenever the buffer is full, into batches of each partition. */
const createCollector = (
  columns: readonly ArrowColumn[],
  store: ExtentStore,
  options: BlockWriterOptions,
): Collector => {
  const { partitions, firstColumn = 0, batchRows = DEFAULT_BATCH_ROWS } = options;
  const { bufferBytes = DEFAULT_BUFFER_BYTES, codec = DEFAULT_CODEC } = options;
  const buffer = createRowBuffer(columns, codec);
  const pending: Pending[] = [];
  const growTo = (count: number): void => {
    while (pending.length < count) pending.push({ rows: 0, extents: [] });
  };
  const isOpen = partitions === 'as they come';
  if (!isOpen) growTo(partitions);
  /** Rows of which each partition would have a full batch. */
  const mostRows = isOpen ? Number.POSITIVE_INFINITY : batchRows * partitions;
  let partitionBytes = new Uint8Array(0);
  const put = (partition: Pending, selection: Selection): void => {
    partition.rows += selection.count;
    partition.extents.push(store.put(buffer.encode(selection)));
  };
  const flush = (): void => {
    const rows = buffer.rows();
    const order = sortByPartition(words32(partitionBytes).subarray(0, rows), pending.length);
    pending.forEach((partition, p) => {
      for (const batch of cutBatches(order, p, batchRows)) put(partition, batch);
    });
    buffer.clear();
  };
  return {
    append: (chunk, partitionOf) => {
      const rows = buffer.rows();
      partitionBytes = growBytes(partitionBytes, (rows + partitionOf.length) * 4);
      words32(partitionBytes).set(partitionOf, rows);
      if (isOpen) for (const partition of partitionOf) growTo(partition + 1);
      buffer.append(chunk, firstColumn);
      if (buffer.rows() !== rows + partitionOf.length)
        throw new Error(`a chunk of ${buffer.rows() - rows} rows came with ${partitionOf.length} partitions`);
      if (buffer.rows() >= mostRows || buffer.sizeBytes() >= bufferBytes) flush();
    },
    finish: () => {
      flush();
      return pending;
    },
  };
};

/** Writes the partitions one after another, each with its head and its end. */
const writeBlock = (
  file: number,
  pending: readonly Pending[],
  store: ExtentStore,
  head: Uint8Array,
): WrittenBlock => {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let checksum = 0;
  const write = (bytes: Uint8Array): void => {
    writeFully(file, bytes);
    hash.update(bytes);
    checksum = crc32(bytes, checksum);
    sizeBytes += bytes.byteLength;
  };
  const partitions = pending.map(({ rows, extents }): PartitionExtent => {
    const offset = sizeBytes;
    checksum = 0;
    if (rows > 0) {
      write(head);
      for (const extent of extents) store.take(extent, write);
      write(END_OF_STREAM);
    }
    return { offset, sizeBytes: sizeBytes - offset, crc32: checksum, rows };
  });
  const rows = partitions.reduce((sum, partition) => sum + partition.rows, 0);
  return { partitions, rows, sizeBytes, sha256: hash.digest('hex') };
};

/**
 * Writes one partitioned block: the partitions' Arrow IPC streams one after another, in the order of their
 * numbers. `fill` gives the rows, in any order of partitions; the rows of one partition keep their order.
 * Memory is bounded by twice `bufferBytes` and by `pendingBytes`, whatever the number of partitions.
 * Where anything throws, no file is left. Throws ColumnTypeError before the first row, ColumnOverflowError.
 */
export const writePartitionedBlock = async (
  options: BlockWriterOptions,
  fill: (append: AppendRows) => Promise<void>,
): Promise<WrittenBlock> => {
  const columns = arrowColumnsOf(options.columns);
  const head = encodeHead(columns, options.codec ?? DEFAULT_CODEC);
  const file = openSync(options.path, 'wx', 0o600);
  const store = createExtentStore(options.scratchPath, options.pendingBytes ?? DEFAULT_PENDING_BYTES);
  let isWritten = false;
  try {
    const collector = createCollector(columns, store, options);
    await fill(collector.append);
    const block = writeBlock(file, collector.finish(), store, head);
    isWritten = true;
    return block;
  } finally {
    store.close();
    closeSync(file);
    if (!isWritten) rmSync(options.path, { force: true });
  }
};

/** Reads the partition of each row from a column of 32-bit integers, by default the first. */
export const readPartitionNumbers = (chunk: DuckDBDataChunk, column = 0): Uint32Array => {
  const size = chunk.rowCount;
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
  const type = duckdb.get_type_id(duckdb.vector_get_column_type(vector));
  if (type !== duckdb.Type.INTEGER && type !== duckdb.Type.UINTEGER)
    throw new Error('the column of partitions is not of 32-bit integers');
  if (readValidity({ vector, size }, rangeOf(0, size), null) !== null)
    throw new Error('a row has no partition');
  return words32(duckdb.vector_get_data(vector, size * 4));
};
