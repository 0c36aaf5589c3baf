import { describe, expect, it } from 'vitest';
import { renderCost, renderSpeed } from '../../functions/core/render-tokens.ts';

describe('renderCost', () => {
  it.each([
    [0, '$0.00'],
    [12.3456, '$12.35'],
    [0.01, '$0.01'],
    [0.001234, '$0.0012'],
  ])('says %s USD as %s', (costUsd, expected) => {
    expect(renderCost(costUsd)).toBe(expected);
  });
});

describe('renderSpeed', () => {
  it('is of tokens in and out, and says nothing where nobody counted', () => {
    expect(renderSpeed({ promptTokens: 2_500, outputTokens: 500, busySeconds: 2 })).toBe('1,500');
    expect(renderSpeed({ promptTokens: 0, outputTokens: 0, busySeconds: 2 })).toBe('');
    expect(renderSpeed({ promptTokens: 1, outputTokens: 0, busySeconds: 0 })).toBe('');
  });
});
