import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countAtOnce, cutPart, writeParts } from '../../functions/io/write-parts.ts';
import { announceSeed } from '../oracle/grammar.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-parts-'));
});
afterEach(() => rm(folder, { recursive: true }));

const partArbitrary = fc.record({
  offset: fc.integer({ min: 0, max: 2 ** 45 }),
  position: fc.integer({ min: 0, max: 2 ** 45 }),
  lengthBytes: fc.integer({ min: 0, max: 2 ** 31 }),
});

describe('cutPart', () => {
  it('covers each byte once, in order, in parts of bounded length', () => {
    fc.assert(
      fc.property(partArbitrary, fc.integer({ min: 2 ** 20, max: 2 ** 30 }), (part, partBytes) => {
        const parts = cutPart(part, partBytes);
        const ends = parts.map(({ offset, lengthBytes }) => offset + lengthBytes);
        const begins = [part.offset, ...ends].slice(0, parts.length);
        expect(parts.map(({ offset }) => offset)).toEqual(begins);
        expect(ends.at(-1) ?? part.offset).toBe(part.offset + part.lengthBytes);
        expect(parts.every(({ lengthBytes }) => lengthBytes > 0 && lengthBytes <= partBytes)).toBe(true);
        expect(new Set(parts.map(({ offset, position }) => position - offset)).size).toBeLessThanOrEqual(1);
        expect(parts[0]?.position ?? part.position).toBe(part.position);
      }),
      announceSeed('parts cover', 300),
    );
  });
});

describe('countAtOnce', () => {
  it('holds at most 64 MiB and 64 reads, and one at least', () => {
    fc.assert(
      fc.property(fc.array(partArbitrary), (parts) => {
        const count = countAtOnce(parts);
        const largest = Math.max(1, ...parts.map(({ lengthBytes }) => lengthBytes));
        expect(count).toBeGreaterThanOrEqual(1);
        expect(count).toBeLessThanOrEqual(64);
        if (count > 1) expect(count * largest).toBeLessThanOrEqual(64 * 2 ** 20);
      }),
      announceSeed('parts at once', 300),
    );
    expect(countAtOnce([{ offset: 0, position: 0, lengthBytes: 8 * 2 ** 20 }])).toBe(8);
  });
});

describe('writeParts', () => {
  const part = (position: number, lengthBytes = 4) => ({ offset: 0, position, lengthBytes });

  it('writes each part at its position, whatever the order in which they come', async () => {
    const path = join(folder, 'file');
    let waiting: (() => void)[] = [];
    const fetch = ({ position }: { readonly position: number }) =>
      new Promise<Uint8Array>((resolve) => {
        waiting.push(() => resolve(Buffer.from(`${position}`.padStart(4, '0'))));
        if (waiting.length < 3) return;
        for (const answer of waiting.reverse()) answer();
        waiting = [];
      });
    await writeParts(path, [part(0), part(8), part(4)], fetch);
    expect(await readFile(path, 'utf8')).toBe('000000040008');
  });

  it('ends when all that are under way have ended, where one fails', async () => {
    let underWay = 0;
    let begun = 0;
    const fetch = async ({ position }: { readonly position: number }): Promise<Uint8Array> => {
      begun += 1;
      if (position === 4) throw new Error('the second');
      underWay += 1;
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return Buffer.alloc(4);
    };
    const parts = Array.from({ length: 200 }, (_, index) => part(index * 4));
    await expect(writeParts(join(folder, 'file'), parts, fetch)).rejects.toThrow('the second');
    expect(underWay).toBe(0);
    expect(begun).toBeLessThanOrEqual(64);
  });
});
