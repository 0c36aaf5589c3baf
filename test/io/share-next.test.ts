import { describe, expect, it } from 'vitest';
import { shareNext } from '../../functions/io/share-next.ts';

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

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
