import { describe, expect, it } from 'vitest';
import { judgeChain, type RangeReport } from '../../functions/core/judge-chain.ts';

const report = (firstRowOffset: number, nextRowOffset: number, rows = 1): RangeReport => ({
  startOffset: firstRowOffset,
  endOffset: nextRowOffset,
  firstRowOffset,
  nextRowOffset,
  rows,
  blankRows: 0,
});

describe('judgeChain', () => {
  it('proves a file whose ranges meet from the first row to the last byte', () => {
    const reports = [report(3, 10, 2), report(10, 10, 0), report(10, 30, 4)];
    expect(judgeChain({ dataOffset: 3, sizeBytes: 30, reports })).toEqual({
      kind: 'proved',
      rows: 6,
      blankRows: 0,
    });
  });

  it('proves a file without rows', () => {
    expect(judgeChain({ dataOffset: 3, sizeBytes: 3, reports: [] })).toMatchObject({
      kind: 'proved',
      rows: 0,
    });
  });

  it('breaks at the first range that does not begin where the one before ended', () => {
    const reports = [report(0, 10), report(12, 20), report(21, 30)];
    expect(judgeChain({ dataOffset: 0, sizeBytes: 30, reports })).toEqual({
      kind: 'broken',
      brokenRange: 1,
      fromOffset: 10,
    });
  });

  it('breaks where the first range does not begin at the first row', () => {
    const verdict = judgeChain({ dataOffset: 4, sizeBytes: 30, reports: [report(5, 30)] });
    expect(verdict).toEqual({ kind: 'broken', brokenRange: 0, fromOffset: 4 });
  });

  it('breaks past the last range where that ends before the file', () => {
    const verdict = judgeChain({ dataOffset: 0, sizeBytes: 30, reports: [report(0, 20)] });
    expect(verdict).toEqual({ kind: 'broken', brokenRange: 1, fromOffset: 20 });
  });

  it('makes the file one task where the chain reaches a range with a quoting error', () => {
    const quotingError = { offset: 25, cause: 'invalid-byte' } as const;
    const reports = [report(0, 20), { ...report(20, 25), quotingError }, report(31, 40)];
    expect(judgeChain({ dataOffset: 0, sizeBytes: 40, reports })).toEqual({
      kind: 'one-task',
      range: 1,
      quotingError,
    });
  });

  it('leaves a quoting error past a break to the task that re-reads the rest', () => {
    const quotingError = { offset: 25, cause: 'invalid-byte' } as const;
    const reports = [report(0, 20), { ...report(21, 25), quotingError }];
    const verdict = judgeChain({ dataOffset: 0, sizeBytes: 40, reports });
    expect(verdict).toEqual({ kind: 'broken', brokenRange: 1, fromOffset: 20 });
  });
});
