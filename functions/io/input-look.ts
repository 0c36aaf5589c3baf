import type { DuckDBConnection } from '@duckdb/node-api';
import type { PinnedFile, PinnedInput } from '../contract/pinned-input.ts';
import { type ByteSource, type ByteSpan, openFileBytes } from './byte-source.ts';
import { type ReadHead, readHead } from './read-head.ts';

/** How much of text files a look needs. */
export type Sample = {
  /** Rows that DuckDB looks at in each file, what it passes over before included; Infinity for all. */
  readonly rows: number;
  /** `csv`: a line that ends within double quotes ends no row. */
  readonly of: 'csv' | 'lines';
  /** Whether the spec asks for just so many rows: a file where they are too large is then refused. */
  readonly isAskedFor: boolean;
};

/**
 * How an input is looked at before it is read. Files on this machine are looked at in place; of those in S3 copies
 * are made of what a look needs. The files that come back are those that went in, with `local` where there is a copy.
 */
export type InputLook = {
  readonly readHead: ReadHead;
  /** Lends the beginnings of text files, decompressed where they are copies. Throws InputFormatError, LimitError. */
  readonly withSample: <Result>(
    files: readonly PinnedFile[],
    sample: Sample,
    use: (files: readonly PinnedFile[]) => Promise<Result>,
  ) => Promise<Result>;
  /** Of Parquet files the footers. */
  readonly bringFooters: (files: readonly PinnedFile[]) => Promise<readonly PinnedFile[]>;
  /** Of Arrow files and streams everything but the bodies of messages. Throws InputFormatError. */
  readonly bringHeaders: (files: readonly PinnedFile[]) => Promise<readonly PinnedFile[]>;
  /** Lends an input that holds at least so many of the first rows, where there are as many. */
  readonly withFirstRows: <Result>(
    input: PinnedInput,
    wanted: FirstRows,
    use: (input: PinnedInput) => Promise<Result>,
  ) => Promise<Result>;
  readonly openBytes: (file: PinnedFile, span: ByteSpan) => Promise<ByteSource>;
};

export type FirstRows = {
  readonly rows: number;
  readonly columns: readonly string[];
  /** A session that reads the copies of a look. */
  readonly connection: DuckDBConnection;
};

/** Of files on this machine. */
export const LOOK_IN_PLACE: InputLook = {
  readHead,
  withSample: (files, _, use) => use(files),
  bringFooters: async (files) => files,
  bringHeaders: async (files) => files,
  withFirstRows: (input, _, use) => use(input),
  openBytes: ({ path }) => openFileBytes(path),
};

/** DuckDB looks at whole vectors of rows. */
const VECTOR_ROWS = 2048;

/** Rows that a sample of a file must have, so that DuckDB finds in it what it would find in the whole file. */
export const rowsToCopy = (rows: number): number =>
  Math.ceil(Math.max(rows, 1) / VECTOR_ROWS) * VECTOR_ROWS + Math.max(2 * VECTOR_ROWS, Math.ceil(rows / 4));
