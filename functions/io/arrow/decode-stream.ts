import type { Field } from 'apache-arrow';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { decodeFileMessages, isArrowFile } from './decode-file.ts';
import { createBatchCursor, type DecodedMessage, decodeMessages, plainBytes } from './decode-message.ts';
import { type ColumnReader, duckdbColumnsOf } from './decode-types.ts';
import { createDictionaryStore } from './dictionary-store.ts';
import type { LoadedArray } from './loaded-array.ts';
import { skipColumn } from './skip-column.ts';

/** `arrays` has no entry for a column that was not wanted. */
export type LoadedBatch = { readonly rows: number; readonly arrays: readonly (LoadedArray | undefined)[] };

/** One stream as DuckDB will have it: its columns, with their exact types, and its batches, read once. */
export type DecodedStream = {
  readonly columns: readonly ColumnReader[];
  readonly batches: Iterable<LoadedBatch>;
};

type Batch = Extract<DecodedMessage, { kind: 'batch' }>;

type Columns = {
  readonly fields: readonly Field[];
  readonly readers: readonly ColumnReader[];
  /** Positions of the columns that are loaded; undefined where all are. */
  readonly wanted: ReadonlySet<number> | undefined;
};

const loadBatch = ({ fields, readers, wanted }: Columns, { header, body }: Batch): LoadedBatch => {
  const cursor = createBatchCursor(header, body);
  const arrays = fields.map((field, index) => {
    if (wanted === undefined || wanted.has(index)) return readers[index]?.load(cursor);
    skipColumn(cursor, field.type);
    return undefined;
  });
  cursor.end();
  if (arrays.some((array) => array !== undefined && array.length !== header.length))
    throw new ArrowFormatError('a column of a batch has another number of rows than the batch');
  return { rows: header.length, arrays };
};

/**
 * Reads an Arrow IPC stream, or file. Batches are decompressed one by one as they are asked for; columns
 * that need no change are views of `stream`. Throws ArrowFormatError where the bytes are damaged and
 * ColumnTypeError where DuckDB has no such type.
 */
export const decodeStream = (stream: Uint8Array): DecodedStream => {
  const bytes = plainBytes(stream);
  return decodeBatches(isArrowFile(bytes) ? decodeFileMessages(bytes) : decodeMessages(bytes));
};

/**
 * Decodes the messages of one stream, or file, wherever they come from. Of each batch only the columns at the
 * positions `wanted` are loaded (default: all); what the others hold is not looked at.
 * Throws ArrowFormatError, ColumnTypeError, and what reading a body throws.
 */
export const decodeBatches = (
  messages: Iterator<DecodedMessage>,
  wanted?: ReadonlySet<number>,
): DecodedStream => {
  const first = messages.next();
  if (first.done === true || first.value.kind !== 'schema')
    throw new ArrowFormatError('it does not begin with a schema');
  const fields: readonly Field[] = first.value.schema.fields;
  const dictionaries = createDictionaryStore();
  const takeDictionaries = (): Batch | undefined => {
    for (;;) {
      const message = messages.next();
      if (message.done === true) return undefined;
      if (message.value.kind === 'batch') return message.value;
      if (message.value.kind === 'schema') throw new ArrowFormatError('it has a second schema');
      dictionaries.add(message.value.header, message.value.body);
    }
  };
  let batch = takeDictionaries();
  const columns = duckdbColumnsOf(fields, dictionaries);
  const batches = function* (): Generator<LoadedBatch> {
    while (batch !== undefined) {
      yield loadBatch({ fields, readers: columns, wanted }, batch);
      batch = takeDictionaries();
    }
  };
  return { columns, batches: batches() };
};
