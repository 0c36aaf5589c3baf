import type { DuckDBDataChunk, DuckDBType } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { Schema } from 'apache-arrow';
import { type Codec, DEFAULT_CODEC } from './compress.ts';
import { createColumnBuffer } from './create-column-buffer.ts';
import { END_OF_STREAM, encodeDictionary, encodeRecordBatch, encodeSchema } from './encode-message.ts';
import { rangeOf, type Selection } from './selection.ts';
import { type ArrowColumn, arrowColumnsOf } from './types.ts';

export type NamedType = { readonly name: string; readonly type: DuckDBType | string };

/** Everything of a stream before its first record batch: the schema, then a dictionary for each enum. */
export const encodeHead = (columns: readonly ArrowColumn[], codec: Codec): Uint8Array => {
  const messages = [encodeSchema(new Schema(columns.map((column) => column.field)))];
  const visit = ({ dictionary, layout }: ArrowColumn): void => {
    if (dictionary !== undefined) messages.push(encodeDictionary(dictionary.id, dictionary.values, codec));
    if (layout.kind === 'struct') layout.children.forEach(visit);
    else if (layout.kind === 'list' || layout.kind === 'array') visit(layout.child);
  };
  columns.forEach(visit);
  return Buffer.concat(messages);
};

/** Rows of a table collected chunk by chunk; any selection of them can be given out as a record batch. */
export type RowBuffer = {
  readonly rows: () => number;
  readonly sizeBytes: () => number;
  /** Adds the rows of a chunk whose columns, from `firstColumn` on, are those of the buffer. */
  readonly append: (chunk: DuckDBDataChunk, firstColumn?: number) => void;
  readonly encode: (selection: Selection) => Uint8Array<ArrayBuffer>;
  readonly clear: () => void;
};

export const createRowBuffer = (columns: readonly ArrowColumn[], codec: Codec): RowBuffer => {
  const buffers = columns.map(createColumnBuffer);
  let rows = 0;
  return {
    rows: () => rows,
    sizeBytes: () => buffers.reduce((bytes, buffer) => bytes + buffer.sizeBytes(), 0),
    append: (chunk, firstColumn = 0) => {
      const size = chunk.rowCount;
      if (size === 0) return;
      const all = rangeOf(0, size);
      buffers.forEach((buffer, index) => {
        const vector = duckdb.data_chunk_get_vector(chunk.chunk, firstColumn + index);
        buffer.append({ vector, size }, all, null);
      });
      rows += size;
    },
    encode: (selection) =>
      encodeRecordBatch(
        selection.count,
        (parts) => {
          for (const buffer of buffers) buffer.emit(selection, parts);
        },
        codec,
      ),
    clear: () => {
      rows = 0;
      for (const buffer of buffers) buffer.clear();
    },
  };
};

/** Chunks of DuckDB are put together until a batch has this many rows. */
export const DEFAULT_BATCH_ROWS = 65_536;
/** ... or this many bytes, so that wide rows do not make batches that fill the memory. */
export const DEFAULT_BATCH_BYTES = 32 * 2 ** 20;

export type StreamOptions = {
  readonly columns: readonly NamedType[];
  readonly batchRows?: number;
  readonly batchBytes?: number;
  readonly codec?: Codec;
};

/**
 * Turns data chunks into one Arrow IPC stream. Each call returns the bytes that are ready, in order;
 * `finish` returns the last of them. Throws ColumnTypeError at once where a column cannot cross and
 * ColumnOverflowError where a value cannot.
 */
export type StreamEncoder = {
  readonly append: (chunk: DuckDBDataChunk) => Uint8Array[];
  readonly finish: () => Uint8Array[];
};

export const createStreamEncoder = (options: StreamOptions): StreamEncoder => {
  const { batchRows = DEFAULT_BATCH_ROWS, batchBytes = DEFAULT_BATCH_BYTES, codec = DEFAULT_CODEC } = options;
  const columns = arrowColumnsOf(options.columns);
  const buffer = createRowBuffer(columns, codec);
  let head: Uint8Array[] = [encodeHead(columns, codec)];
  const takeHead = (): Uint8Array[] => {
    const taken = head;
    head = [];
    return taken;
  };
  const flush = (): Uint8Array[] => {
    const batches: Uint8Array[] = [];
    for (let start = 0; start < buffer.rows(); start += batchRows)
      batches.push(buffer.encode(rangeOf(start, Math.min(batchRows, buffer.rows() - start))));
    buffer.clear();
    return batches;
  };
  return {
    append: (chunk) => {
      buffer.append(chunk);
      const isFull = buffer.rows() >= batchRows || buffer.sizeBytes() >= batchBytes;
      return isFull ? [...takeHead(), ...flush()] : takeHead();
    },
    finish: () => [...takeHead(), ...flush(), END_OF_STREAM],
  };
};
