import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { InputChangedError } from '../../contract/errors-input.ts';
import { GUESS_BYTES } from '../../core/guess-row.ts';
import type { RangeReport } from '../../core/judge-chain.ts';
import {
  endOfFile,
  openRangeScan,
  planScanBegin,
  type RangeScan,
  type RowFormat,
  reportRange,
  startsWithBom,
  type TextRange,
  takeBytes,
} from '../../core/scan-range.ts';

/** Bytes of one read; a range holds two such buffers, so that the next is read while one is scanned and written. */
export const CHUNK_BYTES = 1_048_576;

/** Bytes past a small range's end that its first read takes: most last rows end there. */
const OVERHANG_BYTES = 16_384;

/** A range of a file on this machine. */
export type FileRange = TextRange & { readonly path: string; readonly format: RowFormat };

/** Gets the bytes of a range's rows, in order; they are valid until the promise settles. */
export type ByteSink = (bytes: Uint8Array) => Promise<void>;

/** Finds the rows of a range without copying them. Throws InputChangedError. */
export const scanRange = (range: FileRange): Promise<RangeReport> => readRange(range, async () => {});

/**
 * Finds the rows of a range and gives their bytes to `sink` while it reads. Where the report has a
 * quoting error, the sink got a part only. Throws InputChangedError where the file ends before its pinned size.
 */
export const readRange = async (range: FileRange, sink: ByteSink): Promise<RangeReport> => {
  const file = await open(range.path, 'r');
  try {
    const begin = planScanBegin(range, range.format);
    const window = begin.needsWindow
      ? await readChunk(file, allocate(GUESS_BYTES, begin.offset, range), begin.offset, range)
      : Buffer.alloc(0);
    const scan = openRangeScan(range, range.format, window);
    await pump(file, range, scan, sink);
    const report = reportRange(scan);
    return (await losesBom(file, range, report))
      ? { ...report, quotingError: { offset: report.firstRowOffset, cause: 'row-starts-with-bom' } }
      : report;
  } finally {
    await file.close();
  }
};

const pump = async (file: FileHandle, range: FileRange, scan: RangeScan, sink: ByteSink): Promise<void> => {
  const chunkBytes = Math.min(CHUNK_BYTES, range.endOffset - scan.cursor.offset + OVERHANG_BYTES);
  let current = allocate(chunkBytes, scan.cursor.offset, range);
  let other = allocate(chunkBytes, scan.cursor.offset, range);
  let reading: Promise<Uint8Array> = readChunk(file, current, scan.cursor.offset, range);
  let writing: Promise<void> = Promise.resolve();
  try {
    while (!scan.isDone) {
      const chunk = await reading;
      await writing;
      [current, other] = [other, current];
      reading = readChunk(file, current, scan.cursor.offset + chunk.length, range);
      if (chunk.length === 0) endOfFile(scan);
      else writing = sink(takeBytes(scan, chunk));
    }
    await writing;
  } finally {
    // The handle must not close, nor a rejection go unseen, while one of them is under way.
    await Promise.allSettled([reading, writing]);
  }
};

/** A buffer no larger than what the file has from `offset`. */
const allocate = (bytes: number, offset: number, range: FileRange): Buffer =>
  Buffer.allocUnsafe(Math.max(1, Math.min(bytes, range.sizeBytes - offset)));

/** Fills the buffer from `offset`; shorter only at the file's pinned end. */
const readChunk = async (
  file: FileHandle,
  buffer: Buffer,
  offset: number,
  range: FileRange,
): Promise<Uint8Array> => {
  const wantedBytes = Math.min(buffer.length, range.sizeBytes - offset);
  let filledBytes = 0;
  while (filledBytes < wantedBytes) {
    const { bytesRead } = await file.read(
      buffer,
      filledBytes,
      wantedBytes - filledBytes,
      offset + filledBytes,
    );
    if (bytesRead === 0) {
      const change = `ends at byte ${offset + filledBytes}, but had ${range.sizeBytes} bytes when the job was planned`;
      throw new InputChangedError({ path: range.path, change });
    }
    filledBytes += bytesRead;
  }
  return buffer.subarray(0, filledBytes);
};

const losesBom = async (file: FileHandle, range: FileRange, report: RangeReport): Promise<boolean> => {
  if (report.quotingError !== undefined || report.nextRowOffset === report.firstRowOffset) return false;
  return startsWithBom(await readChunk(file, Buffer.alloc(3), report.firstRowOffset, range));
};
