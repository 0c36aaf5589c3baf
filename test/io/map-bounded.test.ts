import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapBounded } from '../../functions/io/map-bounded.ts';
import { announceSeed } from '../oracle/grammar.ts';

describe('mapBounded', () => {
  it('gives the results in the order of the items, with never more calls than the limit', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 })),
        fc.integer({ min: 1, max: 9 }),
        async (turns, limit) => {
          let underWay = 0;
          let most = 0;
          const results = await mapBounded([...turns.entries()], limit, async ([index, count]) => {
            underWay += 1;
            most = Math.max(most, underWay);
            for (let left = count; left > 0; left -= 1) await turn();
            underWay -= 1;
            return index;
          });
          expect(results).toEqual([...turns.keys()]);
          expect(most).toBeLessThanOrEqual(limit);
        },
      ),
      announceSeed('mapBounded', 100),
    ));

  it('throws the failure of the first item in order, whichever comes first', async () => {
    const mapped = mapBounded([0, 1, 2], 3, async (item) => {
      for (let left = 3 - item; left > 0; left -= 1) await turn();
      if (item > 0) throw new Error(String(item));
    });
    await expect(mapped).rejects.toThrow('1');
  });

  it('begins nothing after a failure, and throws the first when what is under way has ended', async () => {
    const ended: number[] = [];
    const mapped = mapBounded([0, 1, 2, 3, 4, 5], 3, async (item) => {
      if (item === 1) throw new Error('one');
      await turn();
      ended.push(item);
      if (item === 2) throw new Error('two');
    });
    await expect(mapped).rejects.toThrow('one');
    expect(ended.sort()).toEqual([0, 2]);
  });
});
