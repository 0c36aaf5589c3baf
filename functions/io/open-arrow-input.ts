import { type DuckDBConnection, INTEGER } from '@duckdb/node-api';
import { InputFormatError } from '../contract/errors-input.ts';
import type { PinnedArrowInput, PinnedFile } from '../contract/pinned-input.ts';
import type { StepSource } from '../sql/compile-steps.ts';
import { type ArrowGroup, groupArrowFiles } from '../sql/read-arrow.ts';
import { renderReadInput } from '../sql/read-input.ts';
import { type DecodedStream, decodeBatches, type LoadedBatch } from './arrow/decode-stream.ts';
import { registerStreamFunction } from './arrow/load-stream.ts';
import type { LoadedArray } from './arrow/loaded-array.ts';
import { parseDuckDBType } from './arrow/type-text.ts';
import { nameArrowFile, readArrowInput } from './read-arrow-input.ts';

/** The rows of Arrow files in a query: of each table function one file is open, and of a file one batch in memory. */
export type OpenArrowInput = {
  /** The session reads no file: the table functions do. */
  readonly readablePaths: readonly string[];
  /** No row can be rejected. */
  readonly input: undefined;
  readonly columns: readonly string[];
  readonly attach: (connection: DuckDBConnection) => StepSource;
  /** Rows by the headers of the batches; what is scanned must have as many. */
  readonly rowsRead: () => number;
  readonly chainRows: undefined;
  readonly chains: readonly [];
  readonly isReadable: true;
  readonly failure: () => unknown;
};

/** Opens `columns` (none: all) of the files of an input, or of a slice of it. Reading throws InputFormatError. */
export const openArrowInput = (input: PinnedArrowInput, columns: readonly string[]): OpenArrowInput => {
  let failures: readonly (() => unknown)[] = [];
  return {
    readablePaths: [],
    input: undefined,
    columns,
    attach: (connection) => {
      failures = attachArrowInput(connection, input);
      return {
        sql: renderReadInput(input, { tolerant: false, columns }),
        isCounted: true,
        prunes: false,
        columns: input.columns.filter(({ name }) => columns.includes(name)),
      };
    },
    rowsRead: () => input.files.reduce((rows, file) => rows + (file.rows ?? 0), 0),
    chainRows: undefined,
    chains: [],
    isReadable: true,
    failure: () => failures.map((failure) => failure()).find((failure) => failure !== undefined),
  };
};

/**
 * Makes the table functions that `renderReadInput` names. Returns what asks each for the first error that it
 * raised, which DuckDB wraps.
 */
export const attachArrowInput = (
  connection: DuckDBConnection,
  input: PinnedArrowInput,
): readonly (() => unknown)[] =>
  groupArrowFiles(input).map((group) => {
    const { failure } = registerStreamFunction(connection, {
      name: group.name,
      columns: [
        { name: group.fileIndex, type: INTEGER },
        ...group.columns.map(({ name, type }) => ({ name, type: parseDuckDBType(type) })),
      ],
      open: (asked) => openFiles(group, asked),
    });
    return failure;
  });

/** Columns of the files are behind the one with the number of the file. */
const openFiles = function* (
  { files, fileIndex }: ArrowGroup,
  asked: readonly number[],
): Generator<DecodedStream> {
  const wanted = new Set(asked.filter((column) => column > 0).map((column) => column - 1));
  for (const [index, file] of files.entries()) {
    const { columns, batches } = decodeFile(file, wanted);
    const number = { name: fileIndex, type: INTEGER, load: notLoaded };
    yield { columns: [number, ...columns], batches: numberBatches(batches, index) };
  }
};

const notLoaded = (): never => {
  throw new Error('the number of a file lies in no batch');
};

const numberBatches = function* (batches: Iterable<LoadedBatch>, index: number): Generator<LoadedBatch> {
  for (const { rows, arrays } of batches) yield { rows, arrays: [repeat(index, rows), ...arrays] };
};

const repeat = (value: number, length: number): LoadedArray => {
  const values = new Uint8Array(new Int32Array(length).fill(value).buffer);
  return { kind: 'fixed', length, validity: null, width: 4, values };
};

const decodeFile = (file: PinnedFile, wanted: ReadonlySet<number>): DecodedStream => {
  try {
    const { columns, batches } = decodeBatches(readArrowInput(file), wanted);
    return { columns, batches: checkBatches(file, batches) };
  } catch (error) {
    throw nameArrowFile(file.path, error);
  }
};

const checkBatches = function* (
  { path, rows: expected }: PinnedFile,
  batches: Iterable<LoadedBatch>,
): Generator<LoadedBatch> {
  let rows = 0;
  try {
    for (const batch of batches) {
      rows += batch.rows;
      yield batch;
    }
  } catch (error) {
    throw nameArrowFile(path, error);
  }
  if (rows !== expected)
    throw new InputFormatError({ path, reason: `has ${rows} rows where its headers had ${expected}` });
};
