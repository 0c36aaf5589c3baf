import { describe, expect, it } from 'vitest';
import {
  parseBytes,
  renderBytes,
  renderCount,
  renderSeconds,
  renderUsd,
} from '../../functions/core/render-units.ts';

describe('renderBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1536, '1.5 kB'],
    [9949, '9.9 kB'],
    [9999, '10 kB'],
    [12_345_678, '12 MB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [999_999, '1.0 MB'],
    [5e15, '5000 TB'],
  ])('renders %i as %s', (bytes, text) => {
    expect(renderBytes(bytes)).toBe(text);
  });
});

describe('renderCount', () => {
  it('groups digits', () => {
    expect([0, 999, 1234567].map(renderCount)).toEqual(['0', '999', '1,234,567']);
  });
});

describe('renderSeconds', () => {
  it.each([
    [0.04, '0.0 s'],
    [0.42, '0.4 s'],
    [59.94, '59.9 s'],
    [59.96, '1m 0s'],
    [90, '1m 30s'],
    [3599.6, '1h 0m'],
    [5400, '1h 30m'],
    [90_000, '25h 0m'],
  ])('renders %d as %s', (seconds, text) => {
    expect(renderSeconds(seconds)).toBe(text);
  });
});

describe('parseBytes', () => {
  it.each([
    ['512MB', 512e6],
    ['1.5 GiB', 1.5 * 2 ** 30],
    [' 1000000 ', 1e6],
    ['4gib', 4 * 2 ** 30],
    ['10 kB', 10_000],
    ['0', 0],
  ])('reads %j as %i bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', 'MB', '-1MB', '1e6', '1,000', '5 XB', '5 toString', '1.5.2 MB'])('rejects %j', (text) => {
    expect(parseBytes(text)).toBeUndefined();
  });
});

describe('renderUsd', () => {
  it.each([
    [0, '0.00 USD'],
    [12.5, '12.50 USD'],
    [0.5, '0.50 USD'],
    [0.0123, '0.012 USD'],
    [0.0000456, '0.000046 USD'],
    [1e-300, '0.00000000000000000000 USD'],
  ])('renders %d as %s', (usd, text) => {
    expect(renderUsd(usd)).toBe(text);
  });
});
