import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyRangesToFile } from '../../../functions/io/s3/copy-ranges.ts';
import { announceSeed } from '../../oracle/grammar.ts';
import { answerObject } from './scripted-object.ts';
import { withServer } from './with-server.ts';

const bytes = randomBytes(20_000);
const ref = { bucket: 'data', key: 'in.parquet', etag: '"e1"' };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-ranges-'));
});
afterEach(() => rm(folder, { recursive: true }));

const rangeArbitrary = fc.record({
  offset: fc.integer({ min: 0, max: 25_000 }),
  lengthBytes: fc.integer({ min: 0, max: 6_000 }),
});

describe('copyRangesToFile', () => {
  it('puts ranges at their own offsets of a file of the object’s size, with holes between them', () =>
    withServer(
      (request) => answerObject(request, { bytes }),
      async (client) => {
        let round = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(rangeArbitrary, { maxLength: 8 }), async (ranges) => {
            round += 1;
            const path = join(folder, `${round}`);
            const copied = await copyRangesToFile(client, ref, ranges, path);
            const expected = Buffer.alloc(bytes.length);
            for (const { offset, lengthBytes } of ranges)
              expected.set(bytes.subarray(offset, offset + lengthBytes), Math.min(offset, bytes.length));
            expect(Buffer.compare(await readFile(path), expected)).toBe(0);
            expect(copied.objectSizeBytes).toBe(bytes.length);
          }),
          announceSeed('copied ranges', 60),
        );
      },
    ));

  it('adds to what an earlier copy put there', () =>
    withServer(
      (request) => answerObject(request, { bytes }),
      async (client) => {
        const path = join(folder, 'twice');
        await copyRangesToFile(client, ref, [{ offset: 19_000, lengthBytes: 1_000 }], path);
        await copyRangesToFile(client, ref, [{ offset: 0, lengthBytes: 19_000 }], path);
        expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
      },
    ));

  it('fetches what is asked for and no more', () =>
    withServer(
      (request) => answerObject(request, { bytes }),
      async (client, { seen }) => {
        const ranges = [
          { offset: 100, lengthBytes: 50 },
          { offset: 19_990, lengthBytes: 50 },
        ];
        const copied = await copyRangesToFile(client, ref, ranges, join(folder, 'few'));
        expect(copied.copiedBytes).toBe(60);
        // A read that the machine's load makes late is sent twice.
        const asked = new Set(seen.map(({ headers }) => headers.range));
        expect([...asked].sort()).toEqual(['bytes=100-149', 'bytes=19990-20039']);
      },
    ));

  it('cuts a large range into reads that are all of one version', async () => {
    const large = randomBytes(20 * 2 ** 20);
    await withServer(
      (request) => answerObject(request, { bytes: large }),
      async (client, { seen }) => {
        const path = join(folder, 'large');
        await copyRangesToFile(client, ref, [{ offset: 0, lengthBytes: large.length }], path);
        expect(Buffer.compare(await readFile(path), large)).toBe(0);
        expect(new Set(seen.map(({ headers }) => headers.range)).size).toBe(3);
        expect(new Set(seen.map(({ headers }) => headers['if-match']))).toEqual(new Set(['"e1"']));
      },
    );
  });

  it('fails by name where the object has changed', () =>
    withServer(
      (request) => answerObject(request, { bytes, etag: '"e2"' }),
      async (client) => {
        for (const ranges of [[], [{ offset: 0, lengthBytes: 10 }]])
          await expect(copyRangesToFile(client, ref, ranges, join(folder, 'changed'))).rejects.toMatchObject({
            name: 'InputChangedError',
          });
      },
    ));
});
