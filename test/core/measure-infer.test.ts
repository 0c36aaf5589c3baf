import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureInfer } from '../../functions/core/measure-infer.ts';
import { announceSeed } from '../oracle/grammar.ts';

type Measured = Parameters<typeof measureInfer>[0][number];

const AT = Date.parse('2026-11-28T00:00:00.000Z');

/** A task whose rows were in the engine from second `from` to second `to`. */
const task = (
  from: number,
  to: number,
  more: { worker?: string; machine?: string; rows?: number } = {},
): Measured => ({
  worker: more.worker ?? 'w0',
  endedAt: new Date(AT + to * 1000).toISOString(),
  infer: {
    rows: more.rows ?? 1,
    promptTokens: 10,
    outputTokens: 5,
    seconds: to - from,
    engine: 'vllm',
    machine: more.machine ?? 'L4',
  },
});

describe('measureInfer', () => {
  it('counts the seconds of two open tasks of a worker once, and a pause not at all', () => {
    const [measured] = measureInfer([task(0, 10), task(8, 20), task(100, 101)]);
    expect(measured).toEqual({
      machine: 'L4',
      rows: 3,
      characters: 0,
      promptTokens: 30,
      outputTokens: 15,
      seconds: 21,
    });
  });

  it('adds the seconds of workers, and keeps machines apart', () => {
    const commits = [
      task(0, 10),
      task(0, 10, { worker: 'w1' }),
      task(0, 4, { worker: 'w2', machine: 'H100' }),
    ];
    expect(measureInfer(commits)).toMatchObject([
      { machine: 'L4', seconds: 20 },
      { machine: 'H100', seconds: 4 },
    ]);
  });

  it('counts the characters of answered rows, where all tasks say them', () => {
    const of = (from: number, characters: number): Measured => {
      const { infer, ...rest } = task(from, from + 1);
      return { ...rest, ...(infer === undefined ? {} : { infer: { ...infer, characters } }) };
    };
    expect(measureInfer([of(0, 400), of(1, 600)])).toMatchObject([{ characters: 1_000 }]);
    expect(measureInfer([of(0, 400), task(1, 2)])).toMatchObject([{ characters: 0 }]);
  });

  it('keeps what the engines took to start, once for each worker', () => {
    const of = (worker: string, startSeconds: number): Measured => {
      const { infer, ...rest } = task(0, 1, { worker });
      return { ...rest, ...(infer === undefined ? {} : { infer: { ...infer, startSeconds } }) };
    };
    const commits = [of('w0', 118), of('w0', 118), of('w0', 118), of('w1', 50), of('w2', 60)];
    expect(measureInfer(commits)).toMatchObject([{ startSeconds: 60 }]);
    expect(measureInfer([task(0, 1)])[0]).not.toHaveProperty('startSeconds');
  });

  it('leaves out tasks that answered no row, and those without a model', () => {
    const { infer: _, ...other } = task(0, 5);
    expect(measureInfer([task(0, 5, { rows: 0 }), other])).toEqual([]);
  });

  it('never finds more seconds than the tasks had, nor fewer than the longest', () => {
    const span = fc.tuple(fc.nat(1_000), fc.nat(1_000));
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 20 }), (spans) => {
        const [measured] = measureInfer(spans.map(([from, length]) => task(from, from + length)));
        const lengths = spans.map(([, length]) => length);
        expect(measured?.seconds).toBeLessThanOrEqual(lengths.reduce((sum, length) => sum + length, 0));
        expect(measured?.seconds).toBeGreaterThanOrEqual(Math.max(...lengths));
      }),
      announceSeed('seconds of engines', 300),
    );
  });
});
