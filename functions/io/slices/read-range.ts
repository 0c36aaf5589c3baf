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
import { type ByteSource, type OpenBytes, readFully } from '../byte-source.ts';

/** Bytes of one read; a range holds two such buffers, so that the next is read while one is scanned and written. */
export const CHUNK_BYTES = 1_048_576;

/** Bytes past a small range's end that its first read takes: most last rows end there. */
const OVERHANG_BYTES = 16_384;

/** A range of a file; `path` names it in errors. */
export type FileRange = TextRange & {
  readonly path: string;
  readonly openBytes: OpenBytes;
  readonly format: RowFormat;
};

const BOM_BYTES = 3;

/** Gets the bytes of a range's rows, in order; they are valid until the promise settles. */
export type ByteSink = (bytes: Uint8Array) => Promise<void>;

/**
 * Finds the rows of a range and gives their bytes to `sink` while it reads. Where the report has a
 * quoting error, the sink got a part only. Throws InputChangedError where the file ends before its pinned size.
 */
export const readRange = async (range: FileRange, sink: ByteSink): Promise<RangeReport> => {
  const begin = planScanBegin(range, range.format);
  const file = await range.openBytes({ from: begin.offset, until: range.endOffset + OVERHANG_BYTES });
  try {
    const window = begin.needsWindow
      ? await readFully(file, allocate(GUESS_BYTES, begin.offset, range), begin.offset)
      : Buffer.alloc(0);
    const scan = openRangeScan(range, range.format, window);
    let head: Uint8Array = new Uint8Array();
    await pump(file, range, scan, (bytes) => {
      if (head.length < BOM_BYTES) head = Buffer.concat([head, bytes.subarray(0, BOM_BYTES - head.length)]);
      return sink(bytes);
    });
    const report = reportRange(scan);
    if (report.quotingError !== undefined || !startsWithBom(head)) return report;
    return { ...report, quotingError: { offset: report.firstRowOffset, cause: 'row-starts-with-bom' } };
  } finally {
    await file.close();
  }
};

const pump = async (file: ByteSource, range: FileRange, scan: RangeScan, sink: ByteSink): Promise<void> => {
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
      const next = scan.cursor.offset + chunk.length;
      // Past the range the rows mostly end in this chunk, and nobody wants the next one.
      const isLikelyLast = next >= range.endOffset;
      if (!isLikelyLast) reading = readChunk(file, current, next, range);
      if (chunk.length === 0) endOfFile(scan);
      else writing = sink(takeBytes(scan, chunk));
      if (isLikelyLast && !scan.isDone) reading = readChunk(file, current, next, range);
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

/** Some bytes from `offset` on; none only at the file's pinned end. */
const readChunk = async (
  file: ByteSource,
  buffer: Buffer,
  offset: number,
  range: FileRange,
): Promise<Uint8Array> => {
  const wanted = buffer.subarray(0, Math.min(buffer.length, range.sizeBytes - offset));
  if (wanted.length === 0) return wanted;
  const bytes = wanted.subarray(0, await file.read(wanted, offset));
  if (bytes.length > 0) return bytes;
  const change = `ends at byte ${offset}, but had ${range.sizeBytes} bytes when the job was planned`;
  throw new InputChangedError({ path: range.path, change });
};
