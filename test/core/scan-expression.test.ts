import { describe, expect, it } from 'vitest';
import { scanExpression } from '../../functions/core/scan-expression.ts';

describe('scanExpression', () => {
  const clean: readonly string[] = [
    'a - b',
    "'--' || '/*' || ';'",
    '"a--b;/*"',
    "'it''s -- x'",
    "E'a\\'-- ;'",
    "e'\\\\' || 'x'",
    '$$ -- ; $$',
    '$t$ $$ ; $t$',
    'a - - b',
    'a / b * c',
  ];
  it.each(clean)('finds nothing in %s', (text) => {
    expect(scanExpression(text)).toEqual({ comment: undefined, semicolon: undefined });
  });

  const found: readonly (readonly [
    text: string,
    comment: number | undefined,
    semicolon: number | undefined,
  ])[] = [
    ['a -- b', 2, undefined],
    ['a /* b */', 2, undefined],
    ['a--b', 1, undefined],
    ['a;', undefined, 1],
    ['a; -- b', 3, 1],
    ["'x' -- y", 4, undefined],
    // A backslash is no escape in a plain text.
    ["'\\' -- y'", 4, undefined],
    // The letter ends a name here: no escapes either.
    ["type'\\' ; '", undefined, 8],
    ['a$$ -- $$', 4, undefined],
  ];
  it.each(found)('finds the comment or semicolon of %s', (text, comment, semicolon) => {
    expect(scanExpression(text)).toEqual({ comment, semicolon });
  });

  it('takes time in proportion to the text', () => {
    const began = performance.now();
    for (const part of ["'", '"', '$a', '$$', "e'\\", '-', '/', "''", '$'])
      scanExpression(part.repeat(32_000));
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
