/**
 * Rows and bytes a second over the bridge, per type and in both directions, on one thread:
 * `out` is DuckDB's chunks to Arrow batches in memory, `in` is these bytes through the appender into a
 * table. Reading the chunks from DuckDB and dropping them is the cost without a bridge, `fetch`.
 * Usage: node bench/bridge.ts [rows] [none|zstd]
 */
import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import type { Codec } from '../functions/io/arrow/compress.ts';
import { decodeStream } from '../functions/io/arrow/decode-stream.ts';
import { createStreamEncoder } from '../functions/io/arrow/encode-stream.ts';
import {
  appendStreams,
  registerStreamFunction,
  renderCreateTable,
} from '../functions/io/arrow/load-stream.ts';

const TYPES: Readonly<Record<string, string>> = {
  BOOLEAN: 'i % 3 = 0',
  TINYINT: '(i % 100)::TINYINT',
  INTEGER: 'i::INTEGER',
  BIGINT: 'i * 7919',
  'BIGINT, tenth null': 'CASE WHEN i % 10 > 0 THEN i * 7919 END',
  HUGEINT: '(i * 7919)::HUGEINT',
  DOUBLE: 'i / 7',
  'DECIMAL(9,2)': '(i % 9999999)::DECIMAL(9,2)',
  'DECIMAL(18,3)': 'i::DECIMAL(18,3)',
  DATE: "DATE '2000-01-01' + (i % 10000)::INTEGER",
  TIMESTAMP: "TIMESTAMP '2000-01-01' + INTERVAL (i) SECOND",
  INTERVAL: 'INTERVAL (i) SECOND',
  UUID: 'md5(i::VARCHAR)::UUID',
  "ENUM('a', 'b', 'c')": "(['a', 'b', 'c'])[i % 3 + 1]::ENUM('a', 'b', 'c')",
  'VARCHAR, 7 bytes': "'k' || (i % 900000 + 100000)",
  'VARCHAR, 24 bytes': "'a text of row ' || (i + 1000000000)",
  'VARCHAR, 7 and 24 bytes':
    "CASE WHEN i % 2 = 0 THEN 'k' || (i % 900000 + 100000) ELSE 'a text of row ' || (i + 1000000000) END",
  'VARCHAR, 200 bytes': "repeat('0123456789', 19) || (i + 1000000000)",
  'BIGINT[], 3 each': '[i, i + 1, i + 2]',
  'STRUCT(BIGINT, VARCHAR)': "{'a': i, 'b': 'k' || (i % 900000 + 100000)}",
  'MAP(VARCHAR, BIGINT), 2 each': "MAP {'first': i, 'second': i + 1}",
};

/** Seconds of CPU of the whole process, compiler and garbage collector included: a busy machine does not disturb it. */
const seconds = async (run: () => Promise<unknown>): Promise<number> => {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
};

const fetchChunks = async (
  connection: DuckDBConnection,
  use: (chunk: DuckDBDataChunk) => void,
): Promise<void> => {
  const result = await connection.stream('FROM source');
  for await (const chunk of result) use(chunk);
};

const encode = async (connection: DuckDBConnection, codec: Codec): Promise<Uint8Array[]> => {
  const result = await connection.stream('FROM source');
  const encoder = createStreamEncoder({ columns: [{ name: 'v', type: result.columnType(0) }], codec });
  const parts: Uint8Array[] = [];
  for await (const chunk of result) parts.push(...encoder.append(chunk));
  parts.push(...encoder.finish());
  return parts;
};

const load = async (connection: DuckDBConnection, bytes: Uint8Array): Promise<void> => {
  const stream = decodeStream(bytes);
  await connection.run('DROP TABLE IF EXISTS back');
  await connection.run(renderCreateTable('back', stream.columns));
  await appendStreams(connection, 'back', [stream]);
};

let functions = 0;
const scan = async (connection: DuckDBConnection, bytes: Uint8Array): Promise<void> => {
  const name = `scan_${functions++}`;
  registerStreamFunction(connection, {
    name,
    columns: decodeStream(bytes).columns,
    open: () => [decodeStream(bytes)],
  });
  await connection.run(`SELECT count(v) FROM ${name}()`);
};

const measure = async (connection: DuckDBConnection, rows: number, codec: Codec): Promise<void> => {
  console.log(`${rows} rows, ${codec}; rates in million rows and MB (uncompressed Arrow) a second of CPU`);
  for (const [type, expression] of Object.entries(TYPES)) {
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE source AS SELECT ${expression} v FROM range(${rows}) r(i)`,
    );
    const plain = Buffer.concat(await encode(connection, 'none'));
    const fetched = await seconds(() => fetchChunks(connection, () => {}));
    let parts: Uint8Array[] = [];
    const out = await seconds(async () => {
      parts = await encode(connection, codec);
    });
    const bytes = Buffer.concat(parts);
    const back = await seconds(() => load(connection, bytes));
    const scanned = await seconds(() => scan(connection, bytes));
    const rate = (time: number): string =>
      `${(rows / time / 1e6).toFixed(1).padStart(6)} ${(plain.byteLength / time / 1e6).toFixed(0).padStart(5)}`;
    const size = (bytes.byteLength / rows).toFixed(1).padStart(6);
    console.log(
      `${type.padEnd(30)} fetch ${rate(fetched)}  out ${rate(out)}  in ${rate(back)}  scan ${rate(scanned)}  ${size} bytes/row`,
    );
  }
};

const rows = Number(process.argv[2] ?? 2_000_000);
const codec: Codec = process.argv[3] === 'none' ? 'none' : 'zstd';
const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();
await measure(connection, rows, codec);
connection.closeSync();
instance.closeSync();
