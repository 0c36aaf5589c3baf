import { describe, expect, it } from 'vitest';
import { advanceProgress, NO_PROGRESS, noteOf, shareOfModel } from '../../../cli/infer/model-progress.ts';
import { renderProgress } from '../../../cli/progress.ts';
import type { WorkerEvent } from '../../../functions/contract/worker-events.ts';

const at = (seconds: number): string => new Date(1e12 + seconds * 1000).toISOString();
const ready: WorkerEvent = {
  event: 'ready',
  at: at(0),
  engine: 'vllm 0.32.0 cpu',
  machine: 'm',
  contextTokens: 4096,
  rowsInFlight: 64,
  startSeconds: 31.6,
  parts: { import: 21.4, engine: 9.8 },
};
const progress = (seconds: number, tokens: number): WorkerEvent => ({
  event: 'progress',
  at: at(seconds),
  answered: 10,
  rejected: 2,
  inFlight: 5,
  promptTokens: tokens,
  outputTokens: tokens,
  open: [],
  committed: 0,
});

describe('advanceProgress', () => {
  it('tells the speed over all the time since the engine is ready', () => {
    let now = advanceProgress(NO_PROGRESS, ready);
    expect(now.detail).toBe('vllm 0.32.0 cpu');
    now = advanceProgress(now, progress(5, 1000));
    expect(now).toMatchObject({ rows: 12, detail: '400 tokens/s' });
    expect(advanceProgress(now, progress(10, 1000)).detail).toBe('200 tokens/s');
  });

  it('says nothing of a speed before anything was answered', () => {
    expect(advanceProgress(NO_PROGRESS, progress(5, 0)).detail).toBe(NO_PROGRESS.detail);
  });
});

describe('shareOfModel', () => {
  const stage = { rows: 500, doneRows: 0, elapsedSeconds: 120 };
  const answered = { rows: 100, detail: '600 tokens/s', readyAt: 1 };

  it('measures speed and time left from when the engine is ready', () => {
    const shown = shareOfModel(answered, { ...stage, readySeconds: 116 });
    expect(renderProgress({ stage: 's', ...shown })).toBe('100 rows  25 rows/s  600 tokens/s  16.0 s left');
  });

  it('tells no time left while the engine starts', () => {
    const shown = shareOfModel(NO_PROGRESS, { ...stage, readySeconds: undefined });
    expect(renderProgress({ stage: 's', ...shown })).toBe('the engine starts  2m 0s so far');
  });

  it('takes what an earlier process did for done, and not for its own speed', () => {
    const shown = shareOfModel(answered, { ...stage, doneRows: 300, readySeconds: 110 });
    expect(shown.share).toBe(0.8);
    expect(renderProgress({ stage: 's', ...shown })).toContain('10.0 s left');
  });
});

describe('noteOf', () => {
  it('has a line for what a user waits for or worries about', () => {
    expect(noteOf(ready)).toBe('vllm 0.32.0 cpu is ready after 32 s (import 21 s, engine 10 s)');
    expect(noteOf({ ...ready, parts: {} })).toBe('vllm 0.32.0 cpu is ready after 32 s');
    const died: WorkerEvent = {
      event: 'engine-died',
      at: at(0),
      how: 'was ended by SIGKILL',
      rows: 64,
      deaths: 1,
    };
    expect(noteOf(died)).toBe('the engine was ended by SIGKILL; its 64 rows go into the next one');
    expect(noteOf(progress(1, 1))).toBeUndefined();
  });
});
