import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineNormalizer } from '../../functions/core/normalize-lines.ts';

const text = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', 'a', 'ü', ''), { maxLength: 40 })
  .map((parts) => parts.join(''));

/** Cuts bytes at the given places, which may repeat. */
const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
};

const linesOf = (content: string): number => content.split('\n').length - (/(^|\n)$/.test(content) ? 1 : 0);

describe('createLineNormalizer', () => {
  it('ends every line with LF, whatever the chunks, and counts the lines that this adds', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 6 }), (content, places) => {
        const normalizer = createLineNormalizer();
        const pushed = cut(Buffer.from(content), places).map((chunk) =>
          Buffer.from(normalizer.push(chunk)).toString('latin1'),
        );
        const expected = content.replaceAll(/\r\n|\r/g, '\n');
        expect(Buffer.from(pushed.join(''), 'latin1').toString()).toBe(expected);
        const { hasReturns, extraLines } = normalizer.facts();
        expect(hasReturns).toBe(content.includes('\r'));
        expect(linesOf(content) + extraLines).toBe(linesOf(expected));
      }),
      { numRuns: 500 },
    );
  });

  it('gives a chunk without CR back as it is', () => {
    const chunk = Buffer.from('a\nb\n');
    expect(createLineNormalizer().push(chunk)).toBe(chunk);
  });
});
