import type { DuckDBConnection } from '@duckdb/node-api';
import { type PinnedFile, readPathOf } from '../../contract/pinned-input.ts';
import { renderIsNeeded } from '../../sql/needed-chunks.ts';
import { quotePath } from '../../sql/quote.ts';
import { queryRows } from '../query-rows.ts';
import type { ByteRange } from './remote-files.ts';

/** What of one row group the needed columns are: their chunks, and the bloom filters that DuckDB asks first. */
export type RowGroupBytes = { readonly rows: number; readonly ranges: readonly ByteRange[] };

/** Old writers leave the head of the dictionary page out of a chunk's size (PARQUET-816), as other readers know. */
const UNCOUNTED_BYTES = 100;

/** As DuckDB finds a chunk's beginning: an offset before the first page that there can be is none. */
const FIRST_OFFSET = 4;

type Row = Record<string, unknown>;

const chunkOf = (row: Row): ByteRange => {
  const dictionary = Number(row.dictionary_page_offset ?? 0);
  const data = Number(row.data_page_offset);
  const offset = dictionary >= FIRST_OFFSET ? Math.min(dictionary, data) : data;
  return { offset, lengthBytes: Number(row.total_compressed_size) + UNCOUNTED_BYTES };
};

/** Where a writer does not say how long a bloom filter is, it ends before the next thing that begins. */
const bloomOf = (row: Row, begins: readonly number[], sizeBytes: number): readonly ByteRange[] => {
  if (row.bloom_filter_offset === null) return [];
  const offset = Number(row.bloom_filter_offset);
  const end =
    row.bloom_filter_length === null
      ? (begins.find((begin) => begin > offset) ?? sizeBytes)
      : offset + Number(row.bloom_filter_length);
  return [{ offset, lengthBytes: end - offset }];
};

const columns = [
  'dictionary_page_offset',
  'data_page_offset',
  'total_compressed_size',
  'bloom_filter_offset',
  'bloom_filter_length',
] as const;

/** The offsets at which column chunks, bloom filters and the footer begin, in order. */
const readBegins = async (
  connection: DuckDBConnection,
  file: PinnedFile,
  footerOffset: number,
): Promise<readonly number[]> => {
  const rows = await queryRows(
    connection,
    `SELECT DISTINCT unnest([dictionary_page_offset, data_page_offset, bloom_filter_offset]) AS begin FROM parquet_metadata(${quotePath(readPathOf(file))})`,
  );
  const begins = rows.flatMap(({ begin }) => (begin === null ? [] : [Number(begin)]));
  return [...begins, footerOffset].sort((left, right) => left - right);
};

/**
 * Reads from the footer of a Parquet file, which lies at its place in `local`, what `needed` columns are in each row
 * group.
 */
export const readColumnChunks = async (
  connection: DuckDBConnection,
  { file, footerOffset }: { readonly file: PinnedFile; readonly footerOffset: number },
  needed: readonly string[],
): Promise<readonly RowGroupBytes[]> => {
  const groups = await queryRows(
    connection,
    `SELECT row_group_id, any_value(row_group_num_rows) AS rows,
       list({${columns.map((name) => `${name}: ${name}`).join(', ')}}) FILTER (${renderIsNeeded(needed)}) AS chunks
     FROM parquet_metadata(${quotePath(readPathOf(file))}) GROUP BY row_group_id ORDER BY row_group_id`,
  );
  // The type of the list above.
  const chunksOf = ({ chunks }: Row): readonly Row[] => (chunks ?? []) as readonly Row[];
  const isUnsaid = groups
    .flatMap(chunksOf)
    .some((row) => row.bloom_filter_offset !== null && row.bloom_filter_length === null);
  const begins = isUnsaid ? await readBegins(connection, file, footerOffset) : [];
  return groups.map((group) => ({
    rows: Number(group.rows),
    ranges: chunksOf(group).flatMap((row) => [chunkOf(row), ...bloomOf(row, begins, file.sizeBytes)]),
  }));
};
