import { describe, expect, it } from 'vitest';
import { decideAttempt, MAX_ATTEMPTS } from '../../functions/core/decide-attempt.ts';

describe('decideAttempt', () => {
  it('ends a task at once where another attempt cannot help', () => {
    expect(decideAttempt({ retry: 'never', attempts: 1, hadAllMemory: false })).toBe('fail');
  });

  it.each(['again', 'again-with-more-memory'] as const)('tries three times in all (%s)', (retry) => {
    for (const hadAllMemory of [true, false]) {
      expect(MAX_ATTEMPTS).toBe(3);
      expect(decideAttempt({ retry, attempts: 2, hadAllMemory })).not.toBe('fail');
      expect(decideAttempt({ retry, attempts: 3, hadAllMemory })).toBe('fail');
    }
  });

  it('gives all memory to a task that needs more, unless it had it', () => {
    const failed = { retry: 'again-with-more-memory', attempts: 1 } as const;
    expect(decideAttempt({ ...failed, hadAllMemory: false })).toBe('again-with-all-memory');
    expect(decideAttempt({ ...failed, hadAllMemory: true })).toBe('again');
    expect(decideAttempt({ retry: 'again', attempts: 1, hadAllMemory: false })).toBe('again');
  });
});
