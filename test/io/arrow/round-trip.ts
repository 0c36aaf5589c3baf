import { type DuckDBConnection, DuckDBInstance, type DuckDBType } from '@duckdb/node-api';
import type { Codec } from '../../../functions/io/arrow/compress.ts';
import { decodeStream } from '../../../functions/io/arrow/decode-stream.ts';
import { createStreamEncoder } from '../../../functions/io/arrow/encode-stream.ts';
import { appendStreams, renderCreateTable } from '../../../functions/io/arrow/load-stream.ts';

/** Lends a connection of a DuckDB in memory, in UTC. */
export const withConnection = async <T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};

export type EncodeOptions = { readonly codec?: Codec; readonly batchRows?: number };

/** The Arrow stream of a query's rows. */
export const encodeQuery = async (
  connection: DuckDBConnection,
  query: string,
  options: EncodeOptions = {},
): Promise<{ readonly bytes: Uint8Array; readonly types: readonly DuckDBType[]; readonly rows: number }> => {
  const result = await connection.stream(query);
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, index) => ({ name, type: types[index] as DuckDBType }));
  const encoder = createStreamEncoder({ columns, ...options });
  const parts: Uint8Array[] = [];
  let rows = 0;
  for await (const chunk of result) {
    rows += chunk.rowCount;
    parts.push(...encoder.append(chunk));
  }
  parts.push(...encoder.finish());
  return { bytes: Buffer.concat(parts), types, rows };
};

/** Loads a stream into a new table and returns its rows. */
export const loadTable = async (
  connection: DuckDBConnection,
  table: string,
  bytes: Uint8Array,
): Promise<number> => {
  const stream = decodeStream(bytes);
  await connection.run(renderCreateTable(table, stream.columns));
  return await appendStreams(connection, table, [stream]);
};

/** All values of a query as DuckDB itself prints them, row by row; independent of every JavaScript reader. */
export const printRows = async (connection: DuckDBConnection, query: string): Promise<string[]> => {
  const reader = await connection.run(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${query})`);
  const rows = await reader.getRows();
  return rows.map((row) => JSON.stringify(row));
};

export const printTypes = async (connection: DuckDBConnection, query: string): Promise<string[]> => {
  const result = await connection.run(`DESCRIBE ${query}`);
  const rows = await result.getRows();
  return rows.map((row) => `${row[0]} ${row[1]}`);
};
