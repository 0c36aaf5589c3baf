import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { PackedPartition, WrittenObject } from '../contract/commit.ts';
import type { PlannedStage } from '../contract/plan.ts';
import { readPartitionNumbers, writePartitionedBlock } from '../io/arrow/block-writer.ts';
import { hashFile } from '../io/hash-file.ts';
import { type OutputFormat, renderCopy } from '../sql/output-file.ts';
import { quotePath } from '../sql/quote.ts';

/** A finished block in a task's folder, and the rows in it by its own witness. */
export type WrittenBlockFile = {
  readonly path: string;
  readonly object: WrittenObject;
  readonly partitions: readonly PackedPartition[];
  /** Of requests to a model: their characters, piece by piece. */
  readonly weights?: readonly number[];
  readonly rows: number;
};

/** Memory for rows that wait for their batch, and for batches that wait for their place: see arrow/block-writer. */
const MOST_BUFFER_BYTES = 32 * 2 ** 20;
const BUFFER_SHARE = 1 / 16;

type Target = { readonly folder: string; readonly memoryBytes: number };

/** Runs a stage's query and writes its rows as one block: the output's format, or partitions of Arrow. */
export const writeBlock = (
  connection: DuckDBConnection,
  query: { readonly sql: string; readonly stage: PlannedStage },
  target: Target,
): Promise<WrittenBlockFile> =>
  query.stage.shuffle === undefined
    ? writeOutputFile(connection, query, target)
    : writePartitions(connection, query, target);

const writeOutputFile = async (
  connection: DuckDBConnection,
  { sql, stage }: { readonly sql: string; readonly stage: PlannedStage },
  { folder }: Target,
): Promise<WrittenBlockFile> => {
  // A plan's last stage writes one of the output formats.
  const format = stage.format as OutputFormat;
  const file = path.join(folder, `block.${format}`);
  const copied = await firstValue(
    connection,
    renderCopy({ sql, columns: stage.columns, format, path: file }),
  );
  const rows = format === 'parquet' ? await rowsInFooter(connection, file) : copied;
  const { sha256, sizeBytes } = await hashFile(file);
  return { path: file, object: { format, sizeBytes, sha256 }, partitions: [], rows };
};

const writePartitions = async (
  connection: DuckDBConnection,
  { sql, stage }: { readonly sql: string; readonly stage: PlannedStage },
  { folder, memoryBytes }: Target,
): Promise<WrittenBlockFile> => {
  const { shuffle } = stage;
  if (shuffle === undefined) throw new Error('a stage without a shuffle writes no partitions');
  const { pieceRows } = shuffle;
  const pieces = pieceRows === undefined ? undefined : openPieces(pieceRows);
  const file = path.join(folder, 'block.arrow');
  const bufferBytes = Math.min(MOST_BUFFER_BYTES, memoryBytes * BUFFER_SHARE);
  const written = await writePartitionedBlock(
    {
      path: file,
      scratchPath: path.join(folder, 'block.pending'),
      columns: shuffle.columns,
      partitions: pieces === undefined ? shuffle.partitions : 'as they come',
      firstColumn: 1,
      bufferBytes,
      pendingBytes: 2 * bufferBytes,
    },
    async (append) => {
      const result = await connection.stream(sql);
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) break;
        const numbers = readPartitionNumbers(chunk);
        append(chunk, pieces === undefined ? numbers : pieces.place(numbers));
      }
    },
  );
  return {
    path: file,
    object: { format: 'arrow', sizeBytes: written.sizeBytes, sha256: written.sha256 },
    partitions: written.partitions.map(({ offset, sizeBytes, crc32, rows }) => [
      offset,
      sizeBytes,
      crc32,
      rows,
    ]),
    ...(pieces === undefined ? {} : { weights: pieces.weights }),
    rows: written.rows,
  };
};

/** Deals rows into pieces in the order in which they come, and sums up what they weigh. */
const openPieces = (pieceRows: number) => {
  const weights: number[] = [];
  let rows = 0;
  return {
    weights,
    /** The piece of each row, of which `characters` are given. */
    place: (characters: Uint32Array): Uint32Array =>
      characters.map((count) => {
        const piece = Math.floor(rows / pieceRows);
        weights[piece] = (weights[piece] ?? 0) + count;
        rows += 1;
        return piece;
      }),
  };
};

const rowsInFooter = (connection: DuckDBConnection, file: string): Promise<number> =>
  firstValue(connection, `SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata(${quotePath(file)})`);

/** The one number that an aggregate or a COPY answers with. */
export const firstValue = async (connection: DuckDBConnection, sql: string): Promise<number> =>
  Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);
