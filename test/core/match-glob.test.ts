import { describe, expect, it } from 'vitest';
import { compileNamePattern, hasGlob, unfoldBraces } from '../../functions/core/match-glob.ts';

describe('compileNamePattern', () => {
  it.each([
    ['*.csv', 'a.csv', true],
    ['*.csv', 'a.csv.gz', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['[a-c]*', 'boat', true],
    ['[!a-c]*', 'boat', false],
    ['[]]', ']', true],
    ['[ab', '[ab', true],
    ['a**b', 'axxb', true],
    ['?', '\u{1F600}', true],
    ['x.csv', 'x.csv', true],
    ['*', '', true],
  ])('matches %s against %s: %s', (pattern, name, matches) => {
    expect(compileNamePattern(pattern)(name)).toBe(matches);
  });

  it('takes time proportional to pattern times name', () => {
    const begin = performance.now();
    expect(compileNamePattern(`${'*a'.repeat(60)}*b`)('a'.repeat(255))).toBe(false);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });
});

describe('unfoldBraces', () => {
  it('unfolds alternatives, nested ones too, and leaves single braces', () => {
    expect(unfoldBraces('a{1,2}.csv')).toEqual(['a1.csv', 'a2.csv']);
    expect(unfoldBraces('{a,b{c,d}}')).toEqual(['a', 'bc', 'bd']);
    expect(unfoldBraces('a{1}')).toEqual(['a{1}']);
  });

  it('gives up beyond a thousand alternatives', () => {
    expect(unfoldBraces('{a,b}'.repeat(20))).toBeUndefined();
  });
});

describe('hasGlob', () => {
  it('finds pattern characters', () => {
    expect(['a', 'a*', 'a?', 'a[b]', 'a{b,c}'].map(hasGlob)).toEqual([false, true, true, true, true]);
  });
});
