import type { Extent } from '../arrow/walk-arrow.ts';
import { mapBounded } from '../map-bounded.ts';
import { mergeRanges } from './merge-ranges.ts';
import type { ByteRange, RemoteFile, RemoteFiles } from './remote-files.ts';
import { type Piece, writeAt } from './write-at.ts';

/** Headers that are fetched at once: each waits for the way to S3 longer than for its bytes. */
const READS_AT_ONCE = 16;

/**
 * Bytes that one read takes where messages lie close together: headers and bodies of so many bytes come sooner in one
 * piece than in a request for each header. It bounds memory, too.
 */
const CHUNK_BYTES = 2 ** 19;

/** A message longer than this is passed over, and its successor's header read by itself. */
const FAR_BYTES = 2 ** 18;

/** Bytes of a read where messages lie far apart: a header of some hundred columns fits. */
const HEAD_BYTES = 16_384;

/** Bytes of the read of a file's end: most footers fit. */
const TAIL_BYTES = 65_536;

/** Bytes that are held before they go to the disk. */
const KEPT_BYTES = 2 ** 22;

/** The bytes of an object that a walk over its messages reads, mostly in order and apart from each other. */
export type HeaderBytes = {
  /** Takes down extents that are going to be read: they are fetched some at a time. */
  readonly expect: (extents: readonly Extent[]) => void;
  readonly read: (extent: Extent) => Promise<Uint8Array>;
  /** Ends the sparse file with its size. */
  readonly end: () => Promise<void>;
};

/** Opens an object whose bytes go, as far as they are read, to their own places in a new sparse file. */
export const openHeaderBytes = (files: RemoteFiles, file: RemoteFile, targetPath: string): HeaderBytes => {
  const { sizeBytes } = file;
  let expected: readonly ByteRange[] = [];
  /** Of the expected ranges, the first that was not fetched: a walk mostly goes forward. */
  let ahead = 0;
  let pieces: readonly Piece[] = [];
  let lastEnd: number | undefined;
  let kept: Piece[] = [];
  let keptBytes = 0;

  const get = async (range: ByteRange): Promise<Piece> => ({
    offset: range.offset,
    bytes: await files.read(file, range),
  });

  const flush = async (): Promise<void> => {
    await writeAt(targetPath, kept, sizeBytes);
    [kept, keptBytes] = [[], 0];
  };

  /** What to fetch for an extent that is not at hand: with those expected behind it, or with what lies behind it. */
  const plan = ({ offset, length }: Extent): readonly ByteRange[] => {
    const isIn = (range: ByteRange | undefined): boolean =>
      range !== undefined && holds(range.offset, range.lengthBytes, { offset, length });
    const next = isIn(expected[ahead]) ? ahead : expected.findIndex(isIn);
    if (next >= 0) {
      ahead = next + READS_AT_ONCE;
      return expected.slice(next, ahead);
    }
    const isEnd = offset + length === sizeBytes;
    const begin = isEnd ? Math.max(0, Math.min(offset, sizeBytes - TAIL_BYTES)) : offset;
    const isNear = lastEnd !== undefined && offset >= lastEnd && offset - lastEnd <= FAR_BYTES;
    const wanted = Math.max(offset + length - begin, isNear ? CHUNK_BYTES : HEAD_BYTES);
    return [{ offset: begin, lengthBytes: Math.min(wanted, sizeBytes - begin) }];
  };

  return {
    expect: (extents) => {
      const ranges = extents.map(({ offset, length }) => ({ offset, lengthBytes: length }));
      expected = mergeRanges(ranges, CHUNK_BYTES);
      ahead = 0;
    },
    read: async (extent) => {
      let piece = findPiece(pieces, extent);
      if (piece === undefined) {
        pieces = await mapBounded(plan(extent), READS_AT_ONCE, get);
        piece = findPiece(pieces, extent);
      }
      if (piece === undefined) throw new Error('bytes that were fetched are not there');
      const from = extent.offset - piece.offset;
      const bytes = piece.bytes.slice(from, from + extent.length);
      lastEnd = extent.offset + extent.length;
      kept.push({ offset: extent.offset, bytes });
      keptBytes += bytes.length;
      if (keptBytes >= KEPT_BYTES) await flush();
      return bytes;
    },
    end: flush,
  };
};

const holds = (offset: number, length: number, extent: Extent): boolean =>
  offset <= extent.offset && extent.offset + extent.length <= offset + length;

/** The last reads are likely to be asked for again. */
const findPiece = (pieces: readonly Piece[], extent: Extent): Piece | undefined =>
  pieces.findLast(({ offset, bytes }) => holds(offset, bytes.length, extent));
