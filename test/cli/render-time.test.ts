import { describe, expect, it } from 'vitest';
import { renderTime } from '../../cli/render-time.ts';

const map = {
  kind: 'map',
  expected: { seconds: 0.2, basis: 'assumed', because: 'assumed 120 MB/s' },
} as const;

describe('renderTime', () => {
  it('adds up what is expected, and says why', () => {
    const expected = { seconds: 138, basis: 'history', because: '500 tokens/s' } as const;
    const time = '2m 18s expected: assumed 120 MB/s; 500 tokens/s';
    expect(renderTime([map, { kind: 'infer', expected }])).toBe(time);
  });

  it('gives no time of a job whose model has none', () => {
    expect(renderTime([map, { kind: 'infer' }])).toBe(
      'not known: the job finds out what the model takes; without it 0.2 s expected: assumed 120 MB/s',
    );
  });
});
