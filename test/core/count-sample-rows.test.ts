import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRowCounter } from '../../functions/core/count-sample-rows.ts';

const count = (text: string | Buffer, of: 'csv' | 'lines' = 'csv', places: readonly number[] = []) => {
  const bytes = Buffer.from(text);
  const counter = createRowCounter(of);
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  for (const [index, end] of at.entries()) counter.push(bytes.subarray(at[index - 1] ?? 0, end));
  return { rows: counter.rows(), end: counter.endOfRows() };
};

describe('createRowCounter', () => {
  it('counts the same whatever the chunks', () => {
    const text = fc.array(fc.constantFrom('a', '"', '\n', '\r\n', ',', 'ü'), { maxLength: 40 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 4 }), (parts, places) => {
        const whole = `x\n${parts.join('')}`;
        expect(
          count(
            whole,
            'csv',
            places.map((place) => place + 2),
          ),
        ).toEqual(count(whole));
      }),
    );
  });

  it('ends no row of CSV within quotes, and none at a blank line', () => {
    expect(count('a,b\n\n1,"x\ny"\n')).toEqual({ rows: 2, end: 13 });
    expect(count('a,b\n\n1,"x\ny"\n', 'lines')).toEqual({ rows: 3, end: 13 });
    expect(count('a,b\n1,"x\ny')).toEqual({ rows: 1, end: 4 });
  });

  it('counts lines where a quote is none', () => {
    const text = `size\n5" pipe\n${'6 cm\n'.repeat(799)}`;
    expect(count(text)).toEqual({ rows: 100, end: text.length });
  });

  it('ends rows at CR where there is no LF', () => {
    expect(count('a\rb\rc')).toEqual({ rows: 2, end: 4 });
    expect(count('a\r\nb\r\nc')).toEqual({ rows: 2, end: 6 });
  });

  it('ends rows of UTF-16 between two of its units', () => {
    expect(count(Buffer.from('\uFEFFa\nb\nc', 'utf16le')).end).toBe(10);
    expect(count(Buffer.from('a\nb\nc', 'utf16le').swap16()).end).toBe(8);
  });

  it('says nothing of a text without an end of line', () => {
    expect(count('abc')).toEqual({ rows: 0, end: undefined });
  });
});
