import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockCorruptError } from '../../../functions/contract/errors-store.ts';
import { decodePartition } from '../../../functions/io/arrow/block-reader.ts';
import {
  type BlockWriterOptions,
  readPartitionNumbers,
  type WrittenBlock,
  writePartitionedBlock,
} from '../../../functions/io/arrow/block-writer.ts';
import { appendStreams, renderCreateTable } from '../../../functions/io/arrow/load-stream.ts';
import { printRows, withConnection } from './round-trip.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daybreak-block-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a query whose first column is the partition. */
const writeQuery = async (
  connection: DuckDBConnection,
  query: string,
  options: Partial<BlockWriterOptions> & Pick<BlockWriterOptions, 'partitions'>,
): Promise<{ readonly block: WrittenBlock; readonly path: string }> => {
  const result = await connection.stream(query);
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, index) => ({ name, type: types[index] as DuckDBType }));
  const path = options.path ?? join(folder, 'block.arrow');
  const scratchPath = join(folder, 'scratch');
  const all = { scratchPath, columns: columns.slice(1), firstColumn: 1, ...options, path };
  const block = await writePartitionedBlock(all, async (append) => {
    for await (const chunk of result) append(chunk, readPartitionNumbers(chunk));
  });
  return { block, path };
};

const readPartition = (path: string, block: WrittenBlock, p: number) => {
  const partition = block.partitions[p];
  if (partition === undefined) throw new Error(`no partition ${p}`);
  const bytes = readFileSync(path).subarray(partition.offset, partition.offset + partition.sizeBytes);
  return decodePartition('block', partition, bytes);
};

const ROWS = `SELECT (hash(i) % 7)::INTEGER p, i, 'the text of row ' || i t, i::VARCHAR s, [i, i * 2] l,
  CASE WHEN i % 3 = 0 THEN NULL ELSE {'a': i::DECIMAL(20,2), 'b': [i::VARCHAR]} END st, i % 2 = 0 b`;
const query = (rows: number, where = 'true'): string => `${ROWS} FROM range(${rows}) r(i) WHERE ${where}`;

describe('a partitioned block', () => {
  for (const [name, options] of [
    ['in memory', {}],
    ['through the scratch file', { bufferBytes: 50_000, pendingBytes: 20_000 }],
    ['in small batches', { batchRows: 100 }],
    ['uncompressed', { codec: 'none' as const }],
  ] as const)
    it(`gives each partition its rows, in their order (${name})`, async () => {
      await withConnection(async (connection) => {
        const { block, path } = await writeQuery(connection, query(20_000), { partitions: 9, ...options });
        expect(statSync(path).size).toBe(block.sizeBytes);
        expect(block.rows).toBe(20_000);
        expect(existsSync(join(folder, 'scratch'))).toBe(false);
        for (let p = 0; p < 9; p++) {
          const stream = readPartition(path, block, p);
          if (p >= 7) {
            expect([stream, block.partitions[p]?.sizeBytes]).toEqual([undefined, 0]);
            continue;
          }
          if (stream === undefined) throw new Error('no stream');
          await connection.run(renderCreateTable(`p${p}`, stream.columns));
          expect(await appendStreams(connection, `p${p}`, [stream])).toBe(block.partitions[p]?.rows);
          const expected = await printRows(
            connection,
            `SELECT * EXCLUDE p FROM (${query(20_000)}) WHERE p = ${p}`,
          );
          expect(await printRows(connection, `FROM p${p}`)).toEqual(expected);
        }
      });
    });

  it('has the same bytes whenever the same rows are written', async () => {
    await withConnection(async (connection) => {
      const first = await writeQuery(connection, query(5000), { partitions: 7 });
      const second = await writeQuery(connection, query(5000), {
        partitions: 7,
        path: join(folder, 'again'),
      });
      expect(second.block).toEqual(first.block);
    });
  });

  it('has as many partitions as its rows say, where nobody knew how many', async () => {
    await withConnection(async (connection) => {
      const pieces = 'SELECT (i // 64)::INTEGER p, i FROM range(1000) r(i)';
      const options = { partitions: 'as they come', bufferBytes: 2_000 } as const;
      const { block, path } = await writeQuery(connection, pieces, options);
      expect(block.partitions.map(({ rows }) => rows)).toEqual([...Array(15).fill(64), 40]);
      const known = await writeQuery(connection, pieces, {
        ...options,
        partitions: 16,
        path: join(folder, 'known'),
      });
      expect(known.block).toEqual(block);
      expect(readPartition(path, block, 15)?.columns).toHaveLength(1);
      const none = await writeQuery(connection, `${pieces} WHERE false`, {
        ...options,
        path: join(folder, 'none'),
      });
      expect(none.block.partitions).toEqual([]);
    });
  });

  it('of no rows has no bytes', async () => {
    await withConnection(async (connection) => {
      const { block, path } = await writeQuery(connection, query(10, 'false'), { partitions: 3 });
      expect(block.partitions).toEqual(Array(3).fill({ offset: 0, sizeBytes: 0, crc32: 0, rows: 0 }));
      expect(statSync(path).size).toBe(0);
    });
  });

  it('is not left behind where filling it fails', async () => {
    await withConnection(async (connection) => {
      const bad = writeQuery(connection, `SELECT 3::INTEGER, 1`, { partitions: 3 });
      await expect(bad).rejects.toThrow('the partition 3 of 3');
      expect(existsSync(join(folder, 'block.arrow'))).toBe(false);
    });
  });

  it('fails by name where a bit is flipped, bytes are missing or rows are', async () => {
    await withConnection(async (connection) => {
      const { block, path } = await writeQuery(connection, query(1000), { partitions: 2 ** 3 });
      const partition = block.partitions[2];
      if (partition === undefined) throw new Error('no partition');
      const bytes = readFileSync(path).subarray(partition.offset, partition.offset + partition.sizeBytes);
      for (let at = 0; at < bytes.length; at += 97) {
        const flipped = Uint8Array.from(bytes);
        flipped[at] = (flipped[at] as number) ^ 4;
        expect(() => decodePartition('block', partition, flipped)).toThrow(BlockCorruptError);
      }
      expect(() => decodePartition('block', partition, bytes.subarray(1))).toThrow(BlockCorruptError);
      const more = decodePartition('block', { ...partition, rows: partition.rows + 1 }, bytes);
      expect(() => [...(more?.batches ?? [])]).toThrow(BlockCorruptError);
    });
  });
});
