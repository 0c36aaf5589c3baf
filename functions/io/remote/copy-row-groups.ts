import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { PinnedFile, PinnedParquetInput } from '../../contract/pinned-input.ts';
import { mapBounded } from '../map-bounded.ts';
import { copyFooter } from './copy-footer.ts';
import { clipRange, mergeRanges } from './merge-ranges.ts';
import { type RowGroupBytes, readColumnChunks } from './read-column-chunks.ts';
import type { ByteRange, RemoteFiles } from './remote-files.ts';

/** Footers that are fetched at once: they are small, and each waits for the way to S3. */
const FOOTERS_AT_ONCE = 32;

/** Files whose columns are fetched at once; each has many reads under way. */
const FILES_AT_ONCE = 2;

type FootedFile = { readonly file: PinnedFile; readonly footerOffset: number };

/** Copies the footers of Parquet files into sparse files of `folder`. */
export const copyFooters = (
  files: RemoteFiles,
  pinned: readonly PinnedFile[],
  folder: string,
): Promise<readonly FootedFile[]> =>
  mapBounded(pinned, FOOTERS_AT_ONCE, async (file, index) => {
    const local = { path: path.join(folder, `parquet-${index}`), compression: 'none' } as const;
    const { beginOffset } = await copyFooter(files, file, local.path);
    return { file: { ...file, local }, footerOffset: beginOffset };
  });

/** The ranges of those row groups that have rows of [first, end). */
const rangesOf = (
  groups: readonly RowGroupBytes[],
  [first, end]: readonly [number, number],
): readonly ByteRange[] => {
  let row = 0;
  return groups.flatMap(({ rows, ranges }) => {
    const begin = row;
    row += rows;
    return begin < end && row > first ? ranges : [];
  });
};

const ALL_ROWS = [0, Number.POSITIVE_INFINITY] as const;

/**
 * Copies of Parquet files what a task needs into sparse files of `folder`: the footer, and of the row groups of
 * `readRows` the column chunks of `columns` with their bloom filters. DuckDB reads no other byte; one that it reads
 * all the same is 0, by which its own format fails loudly.
 */
export const copyRowGroups = async (
  files: RemoteFiles,
  input: PinnedParquetInput,
  place: {
    readonly folder: string;
    readonly columns: readonly string[];
    /** Lends a session that reads these paths. */
    readonly withSession: <Result>(
      readablePaths: readonly string[],
      use: (connection: DuckDBConnection) => Promise<Result>,
    ) => Promise<Result>;
  },
): Promise<PinnedParquetInput> => {
  const footed = await copyFooters(files, input.files, place.folder);
  const own = place.columns.filter((name) => !input.hive.includes(name) && input.filename !== name);
  const wanted = await place.withSession(
    footed.map(({ file }) => file.local?.path ?? ''),
    (connection) =>
      mapBounded(footed, 1, async ({ file, footerOffset }) => {
        // Nothing is missing of a file that is whole, nor where no column is needed.
        if (footerOffset === 0 || own.length === 0) return [];
        const groups = await readColumnChunks(connection, { file, footerOffset }, own);
        const ranges = rangesOf(groups, file.readRows ?? ALL_ROWS);
        return mergeRanges(ranges.flatMap((range) => clipRange(range, footerOffset)));
      }),
  );
  await mapBounded(footed, FILES_AT_ONCE, async ({ file }, index) => {
    const ranges = wanted[index] ?? [];
    if (ranges.length > 0) await files.copy(file, ranges, file.local?.path ?? '');
  });
  return { ...input, files: footed.map(({ file }) => file) };
};
