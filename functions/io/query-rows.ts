import type { DuckDBConnection } from '@duckdb/node-api';

/** Runs a query of few rows and returns them by column name; 64-bit values are decimal text, lists arrays. */
export const queryRows = async (
  connection: DuckDBConnection,
  sql: string,
): Promise<Record<string, unknown>[]> => (await connection.runAndReadAll(sql)).getRowObjectsJson();

/** The columns and types of a FROM item. */
export const describeColumns = async (
  connection: DuckDBConnection,
  from: string,
): Promise<{ name: string; type: string }[]> =>
  (await queryRows(connection, `DESCRIBE SELECT * FROM ${from}`)).map((row) => ({
    name: String(row.column_name),
    type: String(row.column_type),
  }));

/** DuckDB's reason without what follows it: later lines quote values of the file. */
export const firstLineOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
