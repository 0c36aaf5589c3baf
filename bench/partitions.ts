/**
 * A partitioned block written and read back: rows and bytes a second of CPU over the number of partitions.
 * The row: two BIGINT, a DOUBLE, a TIMESTAMP, a VARCHAR of 7 and one of 24 bytes, about 90 bytes in DuckDB.
 * `sorted` is the engine's alternative: the same query with ORDER BY the partition.
 * Usage: node bench/partitions.ts [rows] [partitions] [none|zstd]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type DuckDBType } from '@duckdb/node-api';
import { decodePartition } from '../functions/io/arrow/block-reader.ts';
import {
  readPartitionNumbers,
  type WrittenBlock,
  writePartitionedBlock,
} from '../functions/io/arrow/block-writer.ts';
import type { Codec } from '../functions/io/arrow/compress.ts';
import { appendStreams, renderCreateTable } from '../functions/io/arrow/load-stream.ts';

const rows = Number(process.argv[2] ?? 2_000_000);
const counts = process.argv[3] === undefined ? [1, 16, 100, 400, 1000] : [Number(process.argv[3])];
const codecs: readonly Codec[] =
  process.argv[4] === undefined ? ['none', 'zstd'] : [process.argv[4] === 'none' ? 'none' : 'zstd'];
const folder = mkdtempSync(join(tmpdir(), 'daybreak-bench-'));
const path = join(folder, 'block.arrow');

const measure = async <T>(
  run: () => Promise<T>,
): Promise<{ readonly value: T; readonly cpuSeconds: number; readonly seconds: number }> => {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const value = await run();
  const { user, system } = process.cpuUsage(cpu);
  return { value, cpuSeconds: (user + system) / 1e6, seconds: (performance.now() - start) / 1000 };
};

const write = async (
  connection: DuckDBConnection,
  query: string,
  partitions: number,
  codec: Codec,
): Promise<WrittenBlock> => {
  const result = await connection.stream(query);
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, index) => ({ name, type: types[index] as DuckDBType }));
  rmSync(path, { force: true });
  const options = {
    path,
    scratchPath: join(folder, 'scratch'),
    columns: columns.slice(1),
    firstColumn: 1,
    partitions,
    codec,
  };
  return await writePartitionedBlock(options, async (append) => {
    for await (const chunk of result)
      append(chunk, partitions === 1 ? new Uint32Array(chunk.rowCount) : readPartitionNumbers(chunk));
  });
};

const read = async (connection: DuckDBConnection, block: WrittenBlock): Promise<number> => {
  const bytes = readFileSync(path);
  const streams = function* () {
    for (const [p, partition] of block.partitions.entries()) {
      const slice = bytes.subarray(partition.offset, partition.offset + partition.sizeBytes);
      const stream = decodePartition(`partition ${p}`, partition, slice);
      if (stream !== undefined) yield stream;
    }
  };
  const [first] = streams();
  if (first === undefined) return 0;
  await connection.run('DROP TABLE IF EXISTS back');
  await connection.run(renderCreateTable('back', first.columns));
  return await appendStreams(connection, 'back', streams());
};

const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();
await connection.run(`CREATE TABLE source AS SELECT i, i * 7919 AS j, i / 7 AS d, TIMESTAMP '2000-01-01' + INTERVAL (i) SECOND AS t,
  'k' || (i % 900000 + 100000) AS s, 'a text of row ' || (i + 1000000000) AS l FROM range(${rows}) r(i)`);
const query = (partitions: number): string => `SELECT (hash(i) % ${partitions})::INTEGER AS p, * FROM source`;

console.log(`${rows} rows; M rows a second of CPU (and of the clock)`);
for (const codec of codecs) {
  for (const partitions of counts) {
    const out = await measure(() => write(connection, query(partitions), partitions, codec));
    const back = await measure(() => read(connection, out.value));
    const sorted = await measure(() =>
      write(connection, `${query(partitions)} ORDER BY p`, partitions, codec),
    );
    const rate = (time: { cpuSeconds: number; seconds: number }): string =>
      `${(rows / time.cpuSeconds / 1e6).toFixed(2)} (${(rows / time.seconds / 1e6).toFixed(2)})`;
    const size = (out.value.sizeBytes / rows).toFixed(1);
    console.log(
      `${codec} ${String(partitions).padStart(4)} partitions  out ${rate(out)}  in ${rate(back)}  sorted ${rate(sorted)}  ${size} and ${(sorted.value.sizeBytes / rows).toFixed(1)} bytes/row`,
    );
  }
}
console.log(`largest resident memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
connection.closeSync();
instance.closeSync();
rmSync(folder, { recursive: true, force: true });
