import type { DuckDBConnection, DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';

/** Rows of a query, column by column. */
export type Chunk = { readonly rows: number; readonly columns: readonly (readonly DuckDBValue[])[] };

/**
 * Runs a query and gives its rows chunk by chunk, in order, in bounded memory; the next chunk is computed while
 * this one is worked on. The connection is used for nothing else meanwhile: a second statement on it would end
 * the first without an error.
 */
export async function* readChunks(connection: DuckDBConnection, sql: string): AsyncGenerator<Chunk, void> {
  const result = await connection.stream(sql);
  const fetch = (): Promise<DuckDBDataChunk | null> => {
    const fetching = result.fetchChunk();
    // Whoever takes it hears of its failure; who leaves early does not want it.
    fetching.catch(() => undefined);
    return fetching;
  };
  let next = fetch();
  try {
    for (;;) {
      const chunk = await next;
      if (chunk === null || chunk.rowCount === 0) return;
      const read = { rows: chunk.rowCount, columns: chunk.getColumns() };
      next = fetch();
      yield read;
    }
  } finally {
    connection.interrupt();
    await next.catch(() => undefined);
  }
}
