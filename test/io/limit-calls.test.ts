import { expect, it } from 'vitest';
import { limitCalls } from '../../functions/io/limit-calls.ts';

it('lets no more calls run at once than it says, in the order in which they came, failures included', async () => {
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const limit = limitCalls(3);
  const calls = Array.from({ length: 20 }, (_, index) =>
    limit(async () => {
      begun.push(index);
      running += 1;
      most = Math.max(most, running);
      for (let turns = (index * 7) % 5; turns > 0; turns -= 1) await Promise.resolve();
      running -= 1;
      if (index % 4 === 0) throw new Error(`call ${index}`);
      return index;
    }),
  );
  const results = await Promise.allSettled(calls);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(5);
  expect(most).toBe(3);
  expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index));
});
