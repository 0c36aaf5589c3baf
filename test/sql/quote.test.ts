import { describe, expect, it } from 'vitest';
import {
  globOfPath,
  isReadablePath,
  quoteIdentifier,
  quotePath,
  quoteText,
} from '../../functions/sql/quote.ts';

describe('quote', () => {
  it('doubles the quotes inside a name', () => {
    expect(quoteIdentifier('a"b')).toBe('"a""b"');
    expect(quoteIdentifier('')).toBe('""');
  });

  it('doubles the quotes inside a text', () => {
    expect(quoteText("it's")).toBe("'it''s'");
  });

  it('fails on a NUL character, which a statement cannot carry', () => {
    expect(() => quoteText('a\0b')).toThrow(/NUL/);
    expect(() => quoteIdentifier('a\0b')).toThrow(/NUL/);
  });

  it('makes a pattern that matches the path alone', () => {
    expect(globOfPath("/in/a,b'[x]*?.csv")).toBe("/in/a,b'[[]x][*][?].csv");
    expect(quotePath("/in/it's.csv")).toBe("'/in/it''s.csv'");
  });

  it('fails on a path that mixes a backslash with a pattern character', () => {
    expect(isReadablePath('/in/a\\b.csv')).toBe(true);
    expect(isReadablePath('/in/a\\*.csv')).toBe(false);
    expect(() => quotePath('/in/a\\*.csv')).toThrow(/cannot read/);
  });
});
