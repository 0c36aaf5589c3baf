import { describe, expect, it } from 'vitest';
import { stageSeconds } from '../../functions/core/stage-seconds.ts';

const at = (seconds: number): string => new Date(1e12 + seconds * 1000).toISOString();
const figures = { rows: 1, promptTokens: 1, outputTokens: 1, seconds: 1, engine: 'vllm', machine: 'm' };

describe('stageSeconds', () => {
  it('reaches from the first start of a task to the last end', () => {
    const commits = [
      { startedAt: at(5), endedAt: at(9) },
      { startedAt: at(2), endedAt: at(4) },
    ];
    expect(stageSeconds(commits)).toBe(7);
  });

  it('has the start of the engine that came first in it, and no later one', () => {
    const commits = [
      { startedAt: at(20), endedAt: at(30), infer: { ...figures, startSeconds: 90 } },
      { startedAt: at(0), endedAt: at(10), infer: { ...figures, startSeconds: 118 } },
    ];
    expect(stageSeconds(commits)).toBe(148);
  });
});
