import type { ByteSource, ByteSpan } from '../byte-source.ts';
import type { ByteRange, RemoteFile, RemoteFiles } from './remote-files.ts';

/** Bytes of one read: by then the way to S3 is a small share of its time. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** Reads under way at once: 32 MiB in memory, and enough to keep the network of a function busy. */
const CHUNKS_AHEAD = 8;

/** Bytes past the span that one read takes: most last rows end there. */
const OVERHANG_BYTES = 65_536;

/** And the further ones: a row may have 16 MiB. */
const FAR_BYTES = 2 ** 20;

/** The chunk that holds a byte: of even ones in the span, or one that begins at a byte elsewhere. */
const placeChunk = ({ from, until }: ByteSpan, sizeBytes: number, offset: number): ByteRange => {
  const end = Math.min(until, sizeBytes);
  if (offset >= from && offset < end) {
    const begin = offset - ((offset - from) % CHUNK_BYTES);
    return { offset: begin, lengthBytes: Math.min(CHUNK_BYTES, end - begin) };
  }
  const lengthBytes = offset === until ? OVERHANG_BYTES : FAR_BYTES;
  return { offset, lengthBytes: Math.min(lengthBytes, sizeBytes - offset) };
};

type Chunk = ByteRange & { readonly bytes: Promise<Uint8Array> };

/**
 * The bytes of an object. Those of the span are fetched ahead in bounded parallel while they are read from first to
 * last; the chunk that was read last stays at hand. Reading fails as `RemoteFiles.read` does.
 */
export const openRemoteBytes = (files: RemoteFiles, file: RemoteFile, span: ByteSpan): ByteSource => {
  const abort = new AbortController();
  const { sizeBytes } = file;
  let chunks: Chunk[] = [];

  const begin = (offset: number): Chunk => {
    const place = placeChunk(span, sizeBytes, offset);
    const bytes = files.read(file, place, abort.signal);
    // It is awaited where it is used; one that nobody comes to use must not end the process.
    bytes.catch(() => {});
    const chunk = { ...place, bytes };
    chunks.push(chunk);
    return chunk;
  };
  const holds = (offset: number) => (chunk: Chunk) =>
    chunk.offset <= offset && offset < chunk.offset + chunk.lengthBytes;

  /** The chunk that holds a byte; those before it are forgotten, those behind it in the span begun. */
  const advance = (offset: number): Chunk => {
    chunks = chunks.filter((chunk) => chunk.offset + chunk.lengthBytes > offset);
    const current = chunks.find(holds(offset)) ?? begin(offset);
    let next = current.offset + current.lengthBytes;
    while (chunks.length < CHUNKS_AHEAD && next < Math.min(span.until, sizeBytes)) {
      const following = chunks.find(holds(next)) ?? begin(next);
      next = following.offset + following.lengthBytes;
    }
    return current;
  };

  return {
    read: async (buffer, offset) => {
      if (offset >= sizeBytes || buffer.length === 0) return 0;
      const chunk = advance(offset);
      const part = (await chunk.bytes).subarray(offset - chunk.offset).subarray(0, buffer.length);
      buffer.set(part);
      return part.length;
    },
    close: async () => {
      abort.abort();
      await Promise.allSettled(chunks.map(({ bytes }) => bytes));
    },
  };
};
