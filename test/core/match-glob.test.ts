import { describe, expect, it } from 'vitest';
import {
  compileNamePattern,
  compilePathPattern,
  hasGlob,
  matchesPath,
  unfoldBraces,
} from '../../functions/core/match-glob.ts';

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
    expect(performance.now() - begin).toBeLessThan(20_000);
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

describe('matchesPath', () => {
  it.each([
    ['a/*.csv', 'a/b.csv', true],
    ['a/*.csv', 'a/b/c.csv', false],
    ['a/**', 'a/b/c.csv', true],
    ['a/**', 'a', false],
    ['a/**/c', 'a/c', true],
    ['a/**/c', 'a/b/b/c', true],
    ['a/**/c', 'a/.b/c', false],
    ['**/*', 'a/_b', false],
    ['a/_b/*', 'a/_b/c', true],
    ['a//b', 'a//b', true],
    ['a/*/b', 'a//b', true],
  ])('matches %s against %s: %s', (pattern, path, matches) => {
    expect(matchesPath(compilePathPattern(pattern.split('/')), path.split('/'))).toBe(matches);
  });

  it('takes time proportional to pattern times path', () => {
    const begin = performance.now();
    const pattern = compilePathPattern([...Array(30).fill(['**', 'a']).flat(), 'b']);
    expect(matchesPath(pattern, Array(500).fill('a'))).toBe(false);
    expect(performance.now() - begin).toBeLessThan(20_000);
  });
});
