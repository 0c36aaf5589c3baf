import { createReadStream } from 'node:fs';
import { pipeline, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { DaybreakError } from '../contract/errors.ts';
import { NotYetError } from '../contract/errors-command.ts';
import { InputFormatError } from '../contract/errors-input.ts';
import {
  type Compression,
  type PinnedFile,
  readCompressionOf,
  readPathOf,
} from '../contract/pinned-input.ts';
import { errorCode } from './file-operations.ts';

/** Heads that are read at once: enough to hide the way to S3 where there are many files. */
export const HEADS_AT_ONCE = 32;

/** A header of ten thousand columns fits. */
export const HEAD_BYTES = 262_144;

/** Opens the bytes of a file as they are stored, in pieces. Who does not consume them all returns the iterator. */
export type OpenStored = (file: PinnedFile) => AsyncIterable<Buffer>;

const openLocal: OpenStored = (file) => createReadStream(readPathOf(file));

const createInflate = (compression: Exclude<Compression, 'none'>): Transform => {
  if (compression === 'gzip') return zlib.createGunzip();
  if (typeof zlib.createZstdDecompress === 'function') return zlib.createZstdDecompress();
  throw new NotYetError([{ path: 'input.uri', message: 'reading .zst files needs Node 22.15 or later' }]);
};

/**
 * The decompressed bytes of a file, in order. Throws InputFormatError where the file is not the compressed file that
 * its name says, NotYetError for `.zst` on a Node without zstd (before 22.15).
 */
export const readDecompressed = async function* (
  file: PinnedFile,
  openStored: OpenStored = openLocal,
): AsyncGenerator<Buffer> {
  const compression = readCompressionOf(file);
  const inflate = compression === 'none' ? undefined : createInflate(compression);
  try {
    // Errors reach the reader through `inflate`, which pipeline destroys with the same error.
    yield* inflate === undefined ? openStored(file) : pipeline(openStored(file), inflate, () => {});
  } catch (error) {
    if (error instanceof DaybreakError) throw error;
    const what = compression === 'none' ? 'cannot be read' : `cannot be read as ${compression}`;
    const reason = `${what} (${errorCode(error)})`;
    throw new InputFormatError({ path: file.path, reason }, { cause: error });
  } finally {
    inflate?.destroy();
  }
};

/** Gives the beginning of a file's decompressed bytes: the first line at least, {@link HEAD_BYTES} at most. */
export type ReadHead = (file: PinnedFile) => Promise<Buffer>;

/** Reads the head of a file from where its bytes are stored. Throws InputFormatError as {@link readDecompressed}. */
export const readHead = async (file: PinnedFile, openStored?: OpenStored): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of readDecompressed(file, openStored)) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= HEAD_BYTES || part.includes(0x0a)) break;
  }
  return Buffer.concat(parts).subarray(0, HEAD_BYTES);
};

/** Counts the empty lines that a head begins with, up to `most`. A blank that ends no line is none. */
export const countBlankLines = (head: Buffer, most: number): number => {
  const text = head.toString('latin1', startsWithByteOrderMark(head) ? 3 : 0);
  const ends = /^(?:\r\n|\n|\r)*/.exec(text)?.[0].match(/\r\n|\n|\r/g) ?? [];
  return Math.min(ends.length, most);
};

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const startsWithByteOrderMark = (head: Buffer): boolean => head.subarray(0, 3).equals(BYTE_ORDER_MARK);

/** Whether UTF-16 is likely: it says so in its first two bytes. */
const looksLikeUtf16 = (head: Buffer): boolean =>
  head.length >= 2 && ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff));

/** What the beginning of a file says about it; small, for there may be many files. */
export type FileHead = {
  /** The first line without its end, one character a byte. */
  readonly firstLine: string;
  readonly isLineWhole: boolean;
  /** Nothing but a byte order mark. */
  readonly isBlank: boolean;
  readonly isUtf16: boolean;
  readonly hasByteOrderMark: boolean;
  readonly newline: '\n' | '\r\n' | '\r' | undefined;
  /** The first byte that is no blank, as a character; empty where there is none. */
  readonly firstCharacter: string;
};

const EMPTY_HEAD: FileHead = {
  firstLine: '',
  isLineWhole: false,
  isBlank: true,
  isUtf16: false,
  hasByteOrderMark: false,
  newline: undefined,
  firstCharacter: '',
};

/** Reads and judges the beginning of a file. Throws InputFormatError as {@link readHead}. */
export const readFileHead = async (file: PinnedFile, read: ReadHead = readHead): Promise<FileHead> => {
  if (file.sizeBytes === 0) return EMPTY_HEAD;
  const head = await read(file);
  const hasByteOrderMark = startsWithByteOrderMark(head);
  const end = head.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  return {
    firstLine: head.toString('latin1', 0, end < 0 ? head.length : end),
    isLineWhole: end >= 0,
    isBlank: head.length === (hasByteOrderMark ? 3 : 0),
    isUtf16: looksLikeUtf16(head),
    hasByteOrderMark,
    newline: firstNewline(head),
    firstCharacter: /[^\s]/.exec(head.toString('latin1', hasByteOrderMark ? 3 : 0))?.[0] ?? '',
  };
};

/** What ends the first line of a head; undefined where it holds none. */
const firstNewline = (head: Buffer): '\n' | '\r\n' | '\r' | undefined => {
  const feed = head.indexOf(0x0a);
  const carriage = head.indexOf(0x0d);
  if (carriage < 0 || (feed >= 0 && feed < carriage)) return feed < 0 ? undefined : '\n';
  return head[carriage + 1] === 0x0a ? '\r\n' : '\r';
};
