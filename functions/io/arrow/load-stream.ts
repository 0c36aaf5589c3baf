import { setImmediate } from 'node:timers/promises';
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBTableFunction,
  type DuckDBType,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import type { DecodedStream, LoadedBatch } from './decode-stream.ts';
import { renderDuckDBType } from './type-text.ts';
import { writeChunk } from './write-vector.ts';

type NamedColumn = { readonly name: string; readonly type: DuckDBType };

/** Renders the statement that creates a table with these columns. */
export const renderCreateTable = (table: string, columns: readonly NamedColumn[]): string => {
  const list = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${renderDuckDBType(type)}`);
  return `CREATE TABLE ${quoteIdentifier(table)} (${list.join(', ')})`;
};

/** A chunk made for other types than those of a batch would be written past its end: throws ArrowFormatError then. */
export const checkColumns = (expected: readonly NamedColumn[], found: readonly NamedColumn[]): void => {
  const render = (columns: readonly NamedColumn[]): string =>
    columns.map(({ type }) => renderDuckDBType(type)).join(', ');
  if (render(expected) !== render(found))
    throw new ArrowFormatError(
      `it has the columns (${render(found)}), those before it (${render(expected)})`,
    );
};

/**
 * Appends the rows of streams with equal columns to a table that has these, and returns how many there were.
 * Between two batches other work of the process gets its turn.
 * Throws ArrowFormatError; the rows before the damage may then be in the table.
 */
export const appendStreams = async (
  connection: DuckDBConnection,
  table: string,
  streams: Iterable<DecodedStream> | AsyncIterable<DecodedStream>,
): Promise<number> => {
  const appender = await connection.createAppender(table);
  let first: { readonly columns: readonly NamedColumn[]; readonly chunk: DuckDBDataChunk } | undefined;
  let rows = 0;
  try {
    for await (const { columns, batches } of streams) {
      first ??= { columns, chunk: DuckDBDataChunk.create(columns.map((column) => column.type)) };
      checkColumns(first.columns, columns);
      for (const batch of batches) {
        appendBatch(appender, first.chunk, batch);
        rows += batch.rows;
        await setImmediate();
      }
    }
  } finally {
    appender.closeSync();
  }
  return rows;
};

const appendBatch = (appender: DuckDBAppender, chunk: DuckDBDataChunk, batch: LoadedBatch): void => {
  const vectorRows = duckdb.vector_size();
  for (let start = 0; start < batch.rows; start += vectorRows) {
    chunk.reset();
    writeChunk(chunk, batch, { start, count: Math.min(vectorRows, batch.rows - start) });
    appender.appendDataChunk(chunk);
  }
};

type Scan = { readonly next: () => { readonly batch: LoadedBatch; readonly start: number } | undefined };

const createScan = (
  { columns, open }: StreamFunction,
  { asked, vectorRows }: { readonly asked: readonly number[]; readonly vectorRows: number },
): Scan => {
  const rows = (function* () {
    for (const stream of open(asked)) {
      checkColumns(columns, stream.columns);
      for (const batch of stream.batches)
        for (let start = 0; start < batch.rows; start += vectorRows) yield { batch, start };
    }
  })();
  return {
    next: () => {
      const step = rows.next();
      return step.done === true ? undefined : step.value;
    },
  };
};

export type StreamFunction = {
  readonly name: string;
  readonly columns: readonly NamedColumn[];
  /** Opens the streams anew; called once for each scan of a query, with the positions of the columns it asks for. */
  readonly open: (asked: readonly number[]) => Iterable<DecodedStream>;
};

/**
 * Makes streams a table function of this connection, `SELECT … FROM name()`: rows go from the block into
 * the query with no table between, and only the columns that the query asks for. DuckDB wraps an error
 * that is thrown while it scans, so the first is kept: `failure` returns it.
 */
export const registerStreamFunction = (
  connection: DuckDBConnection,
  streams: StreamFunction,
): { readonly failure: () => unknown } => {
  const { name, columns } = streams;
  const vectorRows = duckdb.vector_size();
  let failure: unknown;
  connection.registerTableFunction(
    DuckDBTableFunction.create({
      name,
      supportsProjectionPushdown: true,
      bindFunction: (bind) => {
        for (const column of columns) bind.addResultColumn(column.name, column.type);
      },
      initFunction: (init) => {
        init.setMaxThreads(1);
        const asked = init.getColumnIndexes();
        init.setInitData({ scan: createScan(streams, { asked, vectorRows }), columns: asked });
      },
      mainFunction: (info, chunk) => {
        // What initFunction set: the binding keeps it as an object without a type.
        const { scan, columns: asked } = info.initData as { scan: Scan; columns: number[] };
        try {
          const step = scan.next();
          if (step === undefined) {
            chunk.rowCount = 0;
            return;
          }
          const count = Math.min(vectorRows, step.batch.rows - step.start);
          writeChunk(chunk, step.batch, { start: step.start, count }, asked);
        } catch (error) {
          failure ??= error;
          info.setError(error instanceof Error ? error.message : String(error));
        }
      },
    }),
  );
  return { failure: () => failure };
};
