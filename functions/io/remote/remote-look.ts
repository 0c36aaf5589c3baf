import { mkdtemp, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { LimitError } from '../../contract/errors-input.ts';
import type { PinnedFile, PinnedParquetInput } from '../../contract/pinned-input.ts';
import { createRowCounter } from '../../core/count-sample-rows.ts';
import { type InputLook, rowsToCopy, type Sample } from '../input-look.ts';
import { mapBounded } from '../map-bounded.ts';
import { type OpenStored, readDecompressed, readHead } from '../read-head.ts';
import { writeAll } from '../slices/write-all.ts';
import { copyArrowHeaders } from './copy-arrow.ts';
import { copyFooters, copyRowGroups } from './copy-row-groups.ts';

import { openRemoteBytes } from './remote-bytes.ts';
import type { RemoteFiles } from './remote-files.ts';

/** Bytes of a file's sample: 20,480 rows of 12 kB. One with longer rows is looked at by fewer of them. */
const SAMPLE_BYTES = 2 ** 28;

/** Bytes of all samples that are lent together, as those of JSON lines are; but each may have its share's least. */
const SAMPLES_BYTES = 2 ** 30;
const LEAST_SAMPLE_BYTES = 2 ** 24;

/** Taken for the length of a row, to fetch ahead what a sample is likely to need. */
const LIKELY_ROW_BYTES = 100;

/** Samples that are made at once: each reads ahead. */
const SAMPLES_AT_ONCE = 4;

/** Pieces of a stored file as they are read of one on this machine, so that heads end where they end there. */
const PIECE_BYTES = 65_536;

/** The stored bytes of an object from the beginning; those up to `untilBytes` are fetched ahead. */
const storedBytes = (files: RemoteFiles, untilBytes: number): OpenStored =>
  async function* (file) {
    const source = openRemoteBytes(files, file, { from: 0, until: untilBytes });
    try {
      for (let offset = 0; ; ) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, Math.max(1, file.sizeBytes - offset)));
        const count = await source.read(piece, offset);
        if (count === 0) return;
        yield piece.subarray(0, count);
        offset += count;
      }
    } finally {
      await source.close();
    }
  };

/** Where a sample of one file may end, however many rows it should have. */
const boundOf = (files: number): number =>
  Math.min(SAMPLE_BYTES, Math.max(LEAST_SAMPLE_BYTES, Math.floor(SAMPLES_BYTES / files)));

const tooLong = ({ path: name }: PinnedFile, bound: number): LimitError =>
  new LimitError({
    what: `bytes of the rows of ${JSON.stringify(name)} that sample_size asks to look at`,
    found: `more than ${bound}`,
    limit: String(bound),
    advice: 'give a smaller sample_size, or all columns with their types',
  });

type Copied = { readonly sample: Sample; readonly bound: number; readonly targetPath: string };

/** Copies the beginning of a file, decompressed, up to the end of a row. */
const copySample = async (
  files: RemoteFiles,
  file: PinnedFile,
  { sample, bound, targetPath }: Copied,
): Promise<PinnedFile> => {
  const counter = createRowCounter(sample.of);
  const rows = rowsToCopy(sample.rows);
  const target = await open(targetPath, 'wx');
  let sizeBytes = 0;
  let isWhole = true;
  try {
    for await (const part of readDecompressed(
      file,
      storedBytes(files, Math.min(bound, rows * LIKELY_ROW_BYTES)),
    )) {
      counter.push(part);
      await writeAll(target, part);
      sizeBytes += part.length;
      isWhole = counter.rows() < rows && sizeBytes < bound;
      if (!isWhole) break;
    }
    if (!isWhole && counter.rows() < rows && sample.isAskedFor) throw tooLong(file, bound);
    if (!isWhole) await target.truncate(counter.endOfRows() ?? sizeBytes);
  } finally {
    await target.close();
  }
  return { ...file, local: { path: targetPath, compression: 'none' } };
};

/** Files whose first rows are looked at: mostly the first one has enough. */
const MOST_FIRST_FILES = 8;

const firstFilesOf = (pinned: readonly PinnedFile[], rows: number): readonly PinnedFile[] => {
  let bytes = 0;
  return pinned.slice(0, MOST_FIRST_FILES).filter(({ sizeBytes }) => {
    const isWanted = bytes < rows * LIKELY_ROW_BYTES;
    bytes += sizeBytes;
    return isWanted;
  });
};

/** The first row groups; a file whose own column hides the number of a row is read whole. */
const firstRowsOf = (input: PinnedParquetInput, rows: number): PinnedParquetInput => {
  const isWhole = input.columns.some(({ name }) => name.toLowerCase() === 'file_row_number');
  let left = rows;
  const files = input.files.flatMap((file) => {
    if (left <= 0) return [];
    const taken = Math.min(left, file.rows ?? 0);
    left -= taken;
    return [isWhole || taken === file.rows ? file : { ...file, readRows: [0, taken] as [number, number] }];
  });
  return { ...input, files };
};

type Lend = <Result>(
  _: readonly string[],
  use: (connection: DuckDBConnection) => Promise<Result>,
) => Promise<Result>;

const lend =
  (connection: DuckDBConnection): Lend =>
  (_, use) =>
    use(connection);

/** A look at objects in S3: copies go to folders of their own in `folder`. */
export const openRemoteLook = (files: RemoteFiles, folder: string): InputLook => {
  const newFolder = (): Promise<string> => mkdtemp(path.join(folder, 'look-'));
  const withFolder = async <Result>(use: (own: string) => Promise<Result>): Promise<Result> => {
    const own = await newFolder();
    try {
      return await use(own);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  };
  const withSample: InputLook['withSample'] = (pinned, sample, use) =>
    withFolder(async (own) => {
      const bound = boundOf(pinned.length);
      const copied = await mapBounded(pinned, SAMPLES_AT_ONCE, (file, index) =>
        copySample(files, file, { sample, bound, targetPath: path.join(own, `sample-${index}`) }),
      );
      return use(copied);
    });
  return {
    readHead: (file) => readHead(file, storedBytes(files, PIECE_BYTES)),
    withSample,
    bringFooters: async (pinned) =>
      (await copyFooters(files, pinned, await newFolder())).map(({ file }) => file),
    bringHeaders: async (pinned) => copyArrowHeaders(files, pinned, await newFolder()),
    withFirstRows: (input, wanted, use) =>
      input.format === 'parquet'
        ? withFolder(async (own) => {
            const place = { folder: own, columns: wanted.columns, withSession: lend(wanted.connection) };
            return use(await copyRowGroups(files, firstRowsOf(input, wanted.rows), place));
          })
        : withSample(
            firstFilesOf(input.files, wanted.rows),
            { rows: wanted.rows, of: 'layouts' in input ? 'csv' : 'lines', isAskedFor: false },
            (sampled) => use({ ...input, files: [...sampled] }),
          ),
    openBytes: async (file, span) => openRemoteBytes(files, file, span),
  };
};
