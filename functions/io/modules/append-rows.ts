import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Column } from '../../contract/columns.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import { parseDuckDBType } from '../arrow/type-text.ts';
import { roughBytes } from './rough-bytes.ts';

/** A chunk of the engine. */
const CHUNK_ROWS = 2_048;
/** Rows that wait here; wide ones go on earlier. */
const CHUNK_BYTES = 16_777_216;
/** What the engine keeps before it moves rows into the table, where it can spill them. */
const FLUSH_BYTES = 67_108_864;

export type RowAppender = {
  readonly append: (row: readonly DuckDBValue[]) => void;
  /** Rows appended so far. */
  readonly rows: () => number;
  /** Moves the rows that wait here into the table. */
  readonly flush: () => void;
};

/** Creates the table where it is not there, and lends what appends rows to it; all are there at the end. */
export const withRowAppender = async <Result>(
  connection: DuckDBConnection,
  { name, columns }: { readonly name: string; readonly columns: readonly Column[] },
  use: (appender: RowAppender) => Promise<Result>,
): Promise<Result> => {
  const declared = columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`);
  await connection.run(`CREATE TABLE IF NOT EXISTS ${quoteIdentifier(name)} (${declared.join(', ')})`);
  const appender = await connection.createAppender(name);
  try {
    const rows = createAppend(appender, columns);
    const result = await use(rows);
    rows.flush();
    return result;
  } finally {
    appender.closeSync();
  }
};

const createAppend = (appender: DuckDBAppender, columns: readonly Column[]): RowAppender => {
  const types = columns.map(({ type }) => parseDuckDBType(type));
  let waiting: DuckDBValue[][] = types.map(() => []);
  let [rows, waitingRows, waitingBytes, unflushedBytes] = [0, 0, 0, 0];
  const moveChunk = (): void => {
    if (waitingRows === 0) return;
    const chunk = DuckDBDataChunk.create(types, waitingRows);
    chunk.setColumns(waiting);
    appender.appendDataChunk(chunk);
    unflushedBytes += waitingBytes;
    waiting = types.map(() => []);
    waitingRows = 0;
    waitingBytes = 0;
    if (unflushedBytes < FLUSH_BYTES) return;
    appender.flushSync();
    unflushedBytes = 0;
  };
  return {
    append: (row) => {
      for (const [index, column] of waiting.entries()) {
        const value = row[index] ?? null;
        column.push(value);
        waitingBytes += roughBytes(value);
      }
      rows += 1;
      waitingRows += 1;
      if (waitingRows === CHUNK_ROWS || waitingBytes >= CHUNK_BYTES) moveChunk();
    },
    rows: () => rows,
    flush: () => {
      moveChunk();
      appender.flushSync();
    },
  };
};
