import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runOrdered } from '../../../functions/io/modules/run-ordered.ts';

/** How a call ends: at once, or after some turns of the event loop. */
const turns = fc.option(fc.nat(5), { nil: undefined });

async function* batchesOf<Item>(items: readonly Item[], size: number): AsyncGenerator<readonly Item[]> {
  for (let begin = 0; begin < items.length; begin += size) yield items.slice(begin, begin + size);
}

const after = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('runOrdered', () => {
  it('gives on every result once and in order, and holds to both bounds, whatever the calls take', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(turns, { maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 20 }),
        async (delays, concurrency, window, size) => {
          const units = delays.map((delay, index) => ({ delay, index }));
          const given: number[] = [];
          let [open, begun, mostOpen, mostBegun] = [0, 0, 0, 0];
          await runOrdered(
            batchesOf(units, size),
            {
              concurrency,
              window,
              call: ({ delay, index }): { index: number } | Promise<{ index: number }> => {
                begun += 1;
                mostBegun = Math.max(mostBegun, begun);
                if (delay === undefined) return { index };
                open += 1;
                mostOpen = Math.max(mostOpen, open);
                return after(delay).then(() => {
                  open -= 1;
                  return { index };
                });
              },
              emit: (unit, result) => {
                begun -= 1;
                expect(result.index).toBe(unit.index);
                given.push(unit.index);
              },
            },
            new AbortController().signal,
          );
          expect(given).toEqual(units.map(({ index }) => index));
          expect(mostOpen).toBeLessThanOrEqual(concurrency);
          expect(mostBegun).toBeLessThanOrEqual(window);
        },
      ),
      { numRuns: 200, verbose: 1 },
    );
  });

  it('begins nothing after emit has failed', async () => {
    let calls = 0;
    const run = runOrdered(
      batchesOf([1, 2, 3, 4], 4),
      {
        concurrency: 2,
        window: 2,
        call: (unit) => {
          calls += 1;
          return { unit };
        },
        emit: () => {
          throw new Error('full');
        },
      },
      new AbortController().signal,
    );
    await expect(run).rejects.toThrow('full');
    expect(calls).toBe(1);
  });

  it('fails with the reason of the signal while calls are open that never end', async () => {
    const cancel = new AbortController();
    const run = runOrdered(
      batchesOf([1, 2, 3], 3),
      {
        concurrency: 2,
        window: 2,
        call: () => {
          setImmediate(() => cancel.abort(new Error('cancelled')));
          return new Promise<{ n: number }>(() => undefined);
        },
        emit: () => undefined,
      },
      cancel.signal,
    );
    await expect(run).rejects.toThrow('cancelled');
  });

  it('fails with what the source throws', async () => {
    async function* failing(): AsyncGenerator<readonly number[]> {
      yield [1];
      throw new Error('no more rows');
    }
    const work = { concurrency: 1, window: 1, call: (n: number) => ({ n }), emit: () => undefined };
    await expect(runOrdered(failing(), work, new AbortController().signal)).rejects.toThrow('no more rows');
  });

  it('lets the event loop turn while calls return at once, and hears the signal there', async () => {
    let [turns, clock, calls] = [0, 0, 0];
    const ended = new AbortController();
    const turn = (): void => {
      turns += 1;
      if (turns === 5) ended.abort(new Error('told to end'));
      else setImmediate(turn);
    };
    setImmediate(turn);
    const running = runOrdered(
      batchesOf(Array.from({ length: 1000 }), 1000),
      {
        concurrency: 4,
        window: 16,
        // Each takes 60 ms by this clock.
        now: () => clock,
        call: () => {
          calls += 1;
          clock += 60;
          return {};
        },
        emit: () => {},
      },
      ended.signal,
    );
    await expect(running).rejects.toThrow('told to end');
    expect(calls).toBeLessThan(20);
  });
});
