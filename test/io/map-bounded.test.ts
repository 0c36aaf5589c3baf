import { describe, expect, it } from 'vitest';
import { limitCalls } from '../../functions/io/limit-calls.ts';
import { mapBounded } from '../../functions/io/map-bounded.ts';
import { shareNext } from '../../functions/io/share-next.ts';

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

/** Counts how many calls run at once. */
const gauge = () => {
  const state = { running: 0, most: 0, begun: 0 };
  const during = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    state.running += 1;
    state.begun += 1;
    state.most = Math.max(state.most, state.running);
    try {
      return await act();
    } finally {
      state.running -= 1;
    }
  };
  return { state, during };
};

describe('mapBounded', () => {
  it('maps in the order of the items, with no more calls at once than the limit', async () => {
    const { state, during } = gauge();
    const items = Array.from({ length: 50 }, (_, index) => index);
    const mapped = await mapBounded(items, 7, (item) =>
      during(async () => {
        await turns((item * 31) % 11);
        return item * 2;
      }),
    );
    expect(mapped).toEqual(items.map((item) => item * 2));
    expect(state.most).toBe(7);
    expect(await mapBounded([], 3, async () => 1)).toEqual([]);
  });

  it('throws the first failure when all that began has ended, and begins nothing after it', async () => {
    const { state, during } = gauge();
    const items = Array.from({ length: 50 }, (_, index) => index);
    const mapping = mapBounded(items, 4, (item) =>
      during(async () => {
        await turns(item === 5 ? 3 : 20);
        if (item >= 5) throw new Error(`item ${item}`);
      }),
    );
    await expect(mapping).rejects.toThrow('item 5');
    expect(state.running).toBe(0);
    expect(state.begun).toBeLessThan(10);
  });
});

describe('limitCalls', () => {
  it('lets no more calls run at once than it says, in the order in which they came, failures included', async () => {
    const { state, during } = gauge();
    const limit = limitCalls(3);
    const begun: number[] = [];
    const calls = Array.from({ length: 20 }, (_, index) =>
      limit(() =>
        during(async () => {
          begun.push(index);
          await turns((index * 7) % 5);
          if (index % 4 === 0) throw new Error(`call ${index}`);
        }),
      ),
    );
    const results = await Promise.allSettled(calls);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(5);
    expect(state.most).toBe(3);
    expect(begun).toEqual([...begun].sort((left, right) => left - right));
    expect(begun).toHaveLength(20);
  });
});

describe('shareNext', () => {
  it('answers all who ask before a call begins with that call, and none with one that had begun', async () => {
    let clock = 0;
    let calls = 0;
    const ask = shareNext(async () => {
      calls += 1;
      const beganAt = clock;
      await turns(5);
      return beganAt;
    });
    const asking = async (): Promise<void> => {
      clock += 1;
      const askedAt = clock;
      expect(await ask()).toBeGreaterThanOrEqual(askedAt);
    };
    const all: Promise<void>[] = [];
    for (let round = 0; round < 20; round += 1) {
      all.push(asking(), asking());
      await turns(round % 4);
    }
    await Promise.all(all);
    expect(calls).toBeLessThan(25);
  });

  it('begins anew after a failure, which all who shared it see', async () => {
    let calls = 0;
    const ask = shareNext(async () => {
      calls += 1;
      if (calls === 1) throw new Error('first');
      return calls;
    });
    const failing = [ask(), ask()];
    for (const each of failing) await expect(each).rejects.toThrow('first');
    expect(await ask()).toBe(2);
  });
});
