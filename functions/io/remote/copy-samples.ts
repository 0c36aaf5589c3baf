import { open } from 'node:fs/promises';
import path from 'node:path';
import { LimitError } from '../../contract/errors-input.ts';
import type { PinnedFile } from '../../contract/pinned-input.ts';
import { createRowCounter } from '../../core/count-sample-rows.ts';
import { rowsToCopy, type Sample } from '../input-look.ts';
import { mapBounded } from '../map-bounded.ts';
import { type OpenStored, readDecompressed, readHead } from '../read-head.ts';
import { writeAll } from '../write-all.ts';
import { openRemoteBytes } from './remote-bytes.ts';
import type { RemoteFiles } from './remote-files.ts';

/** Bytes of a file's sample: 20,480 rows of 12 kB. One with longer rows is looked at by fewer of them. */
const SAMPLE_BYTES = 2 ** 28;

/** Bytes of all samples that are lent together, as those of JSON lines are; but each may have its share's least. */
const SAMPLES_BYTES = 2 ** 30;
const LEAST_SAMPLE_BYTES = 2 ** 24;

/** Taken for the length of a row, to fetch what its rows are likely to need. */
export const LIKELY_ROW_BYTES = 100;

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

/** Reads the head of an object as `readHead` does that of a file. */
export const readRemoteHead = (files: RemoteFiles, file: PinnedFile): Promise<Buffer> =>
  readHead(file, storedBytes(files, PIECE_BYTES));

/** Copies the beginnings of text objects to new files of `folder`. Throws InputFormatError, LimitError. */
export const copySamples = (
  files: RemoteFiles,
  pinned: readonly PinnedFile[],
  { sample, folder }: { readonly sample: Sample; readonly folder: string },
): Promise<readonly PinnedFile[]> => {
  const bound = boundOf(pinned.length);
  return mapBounded(pinned, SAMPLES_AT_ONCE, (file, index) =>
    copySample(files, file, { sample, bound, targetPath: path.join(folder, `sample-${index}`) }),
  );
};

type Copied = { readonly sample: Sample; readonly bound: number; readonly targetPath: string };

/** Copies the beginning of a file, decompressed, up to the end of a row. */
const copySample = async (
  files: RemoteFiles,
  file: PinnedFile,
  { sample, bound, targetPath }: Copied,
): Promise<PinnedFile> => {
  const counter = createRowCounter(sample.of);
  const rows = rowsToCopy(sample.rows);
  const stored = storedBytes(files, Math.min(bound, rows * LIKELY_ROW_BYTES));
  const target = await open(targetPath, 'wx');
  let sizeBytes = 0;
  let isWhole = true;
  try {
    for await (const part of readDecompressed(file, stored)) {
      counter.push(part);
      await writeAll(target, part);
      sizeBytes += part.length;
      isWhole = counter.rows() < rows && sizeBytes < bound;
      if (!isWhole) break;
    }
    if (!isWhole && counter.rows() < sample.rows && sample.isAskedFor) throw tooLong(file, bound);
    if (!isWhole) await target.truncate(counter.endOfRows() ?? sizeBytes);
  } finally {
    await target.close();
  }
  return { ...file, local: { path: targetPath, compression: 'none' } };
};
