import { describe, expect, it } from 'vitest';
import { judge, renderTable, summarize } from '../../bench/summarize-bench.ts';

const processOf = (seconds: number) => {
  return { exitCode: 0, signal: null, stdout: '', stderr: '', seconds, peakRssBytes: seconds * 1e8 };
};
const rounds = (...pairs: readonly (readonly [daybreak: number, plain: number])[]) =>
  pairs.map(([daybreak, plain]) => ({ daybreak: processOf(daybreak), plain: processOf(plain) }));

describe('summarize', () => {
  it('takes the median of each side by itself', () => {
    const { daybreak, plain, ratio } = summarize('q1', rounds([3, 1], [1, 9], [2, 4]));
    expect([daybreak.seconds, plain.seconds, ratio]).toEqual([2, 4, 0.5]);
    expect(daybreak.peakRssBytes).toBe(2e8);
    expect(summarize('q1', rounds([1, 1], [2, 1])).daybreak.seconds).toBe(1.5);
  });

  it('puts a question above twice the plain time and 0.3 s outside the goal', () => {
    expect(summarize('q1', rounds([2.3, 1])).isWithinGoal).toBe(true);
    expect(summarize('q1', rounds([2.31, 1])).isWithinGoal).toBe(false);
  });
});

describe('judge', () => {
  it('names the total ratio, the questions above the goal and the start-up', () => {
    const measurements = [summarize('q1', rounds([1, 1])), summarize('q2', rounds([5, 1]))];
    const verdict = judge(measurements, summarize('start-up', rounds([0.5, 0.2])));
    expect(verdict).toMatchObject({ totalRatio: 3, above: ['q2'], startUpSeconds: 0.5 });
    expect(verdict.sentences[1]).toBe('above 2x + 0.3 s: q2');
    expect(renderTable(measurements)).toMatch(/q2 .*5\.00x.* above the goal$/m);
  });
});
