import type { Column } from '../contract/columns.ts';
import { type PinnedFile, readCompressionOf, readPathOf } from '../contract/pinned-input.ts';
import { quotePath, quoteText } from './quote.ts';

/** Where a tolerant CSV or text read leaves its rejects: temporary tables of the connection. */
export const REJECT_TABLES = { errors: 'daybreak_reject_errors', scans: 'daybreak_reject_scans' } as const;

export type ReadInputOptions = {
  /** Whether bad rows are passed over, for `collectRejects` to find; otherwise the first one fails the query. */
  readonly tolerant: boolean;
  /** Columns to read, in the order wanted. Default: all. Only these are checked. */
  readonly columns?: readonly string[];
  /**
   * `serial` where DuckDB refused to read a file in parallel (`isParallelRefusal`): quoted line breaks
   * that look like rows. A tolerant read is serial within a file anyway: see {@link renderCsvOptions}.
   */
  readonly scan?: 'parallel' | 'serial';
};

/** DuckDB's own default; more only where a line needs it. */
export const BUFFER_BYTES = 32_000_000;

export const readerOptions = (options: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(options)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} = ${value}`]))
    .join(', ');

export const textOption = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : quoteText(text);
export const listOption = (texts: readonly string[] | undefined): string | undefined =>
  texts === undefined ? undefined : `[${texts.map(quoteText).join(', ')}]`;
export const columnsOption = (columns: readonly Column[]): string =>
  `{${columns.map(({ name, type }) => `${quoteText(name)}: ${quoteText(type)}`).join(', ')}}`;

/** JSON readers do not know the word `none`. */
export const nameCompression = (file: PinnedFile): string => {
  const compression = readCompressionOf(file);
  return compression === 'none' ? 'uncompressed' : compression;
};

export const compressionOption = ([file]: readonly PinnedFile[]): string =>
  quoteText(file === undefined ? 'uncompressed' : nameCompression(file));

export const pathList = (files: readonly PinnedFile[]): string =>
  `[${files.map((file) => quotePath(readPathOf(file))).join(', ')}]`;

/** Without it DuckDB puts `key=value` folders of any path in the place of columns. Ours come by `renderPerFile`. */
export const NO_HIVE = { hive_partitioning: 'false' };

const REJECT_OPTIONS = {
  store_rejects: 'true',
  rejects_table: quoteText(REJECT_TABLES.errors),
  rejects_scan: quoteText(REJECT_TABLES.scans),
};

/**
 * `parallel` is off in a tolerant read: with it DuckDB 1.5.5 passes over whole runs of good rows where a
 * quoted line break lies near the border of two buffers, and reports no reject for them. It is off for
 * files of one column too, where it loses or adds empty rows at such borders.
 */
export const scanOptions = (
  { tolerant, scan }: ReadInputOptions,
  columns: readonly Column[],
): Record<string, string> => ({
  ...(tolerant ? REJECT_OPTIONS : {}),
  ...(tolerant || scan === 'serial' || columns.length === 1 ? { parallel: 'false' } : {}),
});
