import { describe, expect, it } from 'vitest';
import { FAILURES, type FailureName } from '../../functions/contract/failures.ts';
import { failureOfExit, WORKER_EXITS } from '../../functions/contract/worker-exits.ts';

const failures = Object.entries(WORKER_EXITS).filter(([name]) => name !== 'done') as [FailureName, number][];

describe('the exit codes of a worker', () => {
  it.each(failures)('say of %s whether another start may help (%d)', (name, code) => {
    expect(Math.floor(code / 10)).toBe(FAILURES[name].retry === 'never' ? 6 : 7);
    expect(failureOfExit(code)).toBe(name);
  });

  it('are a code each', () => {
    expect(new Set(Object.values(WORKER_EXITS)).size).toBe(Object.keys(WORKER_EXITS).length);
  });

  it('have no failure where all is done, nor for a code of somebody else', () => {
    expect([0, 1, 61.5, 137].map(failureOfExit)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
