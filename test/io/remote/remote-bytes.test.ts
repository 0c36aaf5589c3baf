import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFully } from '../../../functions/io/byte-source.ts';
import { openRemoteBytes } from '../../../functions/io/remote/remote-bytes.ts';
import type { ByteRange, RemoteFiles } from '../../../functions/io/remote/remote-files.ts';
import { createRandom } from '../../corpus/generate-csv.ts';
import { announceSeed } from '../../oracle/grammar.ts';

const MIB = 2 ** 20;
const random = createRandom(7);
const object = Buffer.from(Uint8Array.from({ length: 40 * MIB }, () => random() * 256));
const file = { path: 's3://b/k', sizeBytes: object.length, etag: '"e"' };

type Asked = ByteRange & { readonly signal: AbortSignal | undefined };

/** Answers in the order in which it was asked, or where `hold` is given when that resolves. */
const remoteOf = (hold?: Promise<void>) => {
  const asked: Asked[] = [];
  const counts = { underWay: 0, most: 0 };
  const read: RemoteFiles['read'] = async (_, range, signal) => {
    asked.push({ ...range, signal });
    counts.underWay += 1;
    counts.most = Math.max(counts.most, counts.underWay);
    try {
      await hold;
      signal?.throwIfAborted();
      return new Uint8Array(object.subarray(range.offset, range.offset + range.lengthBytes));
    } finally {
      counts.underWay -= 1;
    }
  };
  const unused = (): never => {
    throw new Error('only reads are expected');
  };
  return { asked, counts, files: { read, list: unused, copy: unused } };
};

describe('openRemoteBytes', () => {
  it('gives the bytes of the object wherever it is read, in any span, with few requests under way', () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(object.length),
        fc.nat(object.length),
        fc.array(fc.tuple(fc.nat(object.length + 10), fc.nat(3 * MIB)), { maxLength: 6 }),
        async (one, other, reads) => {
          const { files, counts } = remoteOf();
          const span = { from: Math.min(one, other), until: Math.max(one, other) };
          const source = openRemoteBytes(files, file, span);
          for (const [offset, length] of reads) {
            const bytes = await readFully(source, Buffer.alloc(length), offset);
            expect(Buffer.compare(bytes, object.subarray(offset, offset + length))).toBe(0);
          }
          await source.close();
          expect(counts.most).toBeLessThanOrEqual(8);
          expect(counts.underWay).toBe(0);
        },
      ),
      announceSeed('openRemoteBytes', 60),
    ));

  it('asks for each byte of its span once when that is read from first to last, and for little behind it', async () => {
    const { files, asked } = remoteOf();
    const span = { from: 3, until: 30 * MIB + 5 };
    const source = openRemoteBytes(files, file, span);
    const buffer = Buffer.alloc(MIB);
    let offset = span.from;
    while (offset < span.until + 10) offset += await source.read(buffer, offset);
    await source.close();
    const [last, ...inside] = asked.toReversed();
    expect(inside.reduce((bytes, { lengthBytes }) => bytes + lengthBytes, 0)).toBe(span.until - span.from);
    expect(last).toMatchObject({ offset: span.until, lengthBytes: 65_536 });
  });

  it('ends what is under way when it is closed, and waits for its end', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { files, asked, counts } = remoteOf(promise);
    const source = openRemoteBytes(files, file, { from: 0, until: 20 * MIB });
    const reading = source.read(Buffer.alloc(10), 0);
    expect(counts.underWay).toBe(5);
    const closing = source.close();
    expect(asked.map(({ signal }) => signal?.aborted)).toEqual(Array(5).fill(true));
    resolve();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    await closing;
    expect(counts.underWay).toBe(0);
  });

  it('fails with what a read fails with, and leaves nothing that fails unseen', async () => {
    const lost = new Error('lost');
    const { files } = remoteOf(Promise.reject(lost));
    const source = openRemoteBytes(files, file, { from: 0, until: 20 * MIB });
    await expect(source.read(Buffer.alloc(10), 0)).rejects.toBe(lost);
    await source.close();
  });
});
