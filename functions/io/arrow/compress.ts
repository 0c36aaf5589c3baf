import * as zlib from 'node:zlib';
import { CompressionType } from 'apache-arrow';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import { LARGEST_BYTES } from './grow.ts';
import { decodeLz4Frame } from './lz4-frame.ts';

/**
 * How the buffers of a batch are compressed. `zstd` is written at level 1: the speed of the map task
 * matters more than the last tenth of size. LZ4 is only read, because no maintained encoder exists in
 * JavaScript. Node has zstd from 22.15 on; before that blocks are written uncompressed.
 */
export type Codec = 'zstd' | 'none';
export const DEFAULT_CODEC: Codec = typeof zlib.zstdCompressSync === 'function' ? 'zstd' : 'none';

/** Arrow's mark of a buffer that is stored as it is inside a compressed batch. */
const STORED = -1n;
const PREFIX_BYTES = 8;
/** A call of zstd costs about 20 microseconds and its frame at least 13 bytes: too much for a small buffer. */
const SMALLEST_COMPRESSED_BYTES = 128;

const withPrefix = (length: bigint, bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(PREFIX_BYTES + bytes.byteLength);
  new DataView(out.buffer).setBigInt64(0, length, true);
  out.set(bytes, PREFIX_BYTES);
  return out;
};

/** Compresses one buffer as Arrow's body compression wants it: its length (8 bytes), then the frame. */
export const compressBuffer = (bytes: Uint8Array, codec: Codec): Uint8Array => {
  if (codec === 'none' || bytes.byteLength === 0) return bytes;
  if (bytes.byteLength < SMALLEST_COMPRESSED_BYTES) return withPrefix(STORED, bytes);
  const frame = zlib.zstdCompressSync(bytes, {
    chunkSize: bytes.byteLength + 1024,
    params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 },
  });
  return frame.byteLength < bytes.byteLength
    ? withPrefix(BigInt(bytes.byteLength), frame)
    : withPrefix(STORED, bytes);
};

const decompressZstd = (frame: Uint8Array, length: number): Uint8Array => {
  if (typeof zlib.zstdDecompressSync !== 'function')
    throw new ArrowFormatError('its buffers are compressed with zstd, which Node has from 22.15 on');
  return zlib.zstdDecompressSync(frame, {
    chunkSize: Math.max(64, length + 1),
    maxOutputLength: Math.max(64, length + 1),
  });
};

/** Undoes {@link compressBuffer}, for both of Arrow's codecs. Throws ArrowFormatError. */
export const decompressBuffer = (bytes: Uint8Array, codec: CompressionType): Uint8Array => {
  if (bytes.byteLength === 0) return bytes;
  if (bytes.byteLength < PREFIX_BYTES) throw new ArrowFormatError('a compressed buffer has no length');
  const stated = new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true);
  const frame = bytes.subarray(PREFIX_BYTES);
  if (stated === STORED) return frame;
  if (stated < 0n || stated > LARGEST_BYTES)
    throw new ArrowFormatError(`a compressed buffer says that it holds ${stated} bytes`);
  const length = Number(stated);
  let out: Uint8Array;
  try {
    out = codec === CompressionType.ZSTD ? decompressZstd(frame, length) : decodeLz4Frame(frame, length);
  } catch (cause) {
    if (cause instanceof ArrowFormatError) throw cause;
    throw new ArrowFormatError('a compressed buffer is damaged', { cause });
  }
  if (out.byteLength !== length)
    throw new ArrowFormatError(`a buffer of ${length} bytes has ${out.byteLength} after decompression`);
  return out;
};
