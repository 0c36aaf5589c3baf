import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nameWorkers } from '../../../cli/report-page/name-workers.ts';

it('leaves out what the names have in common up to a hyphen', () => {
  expect([...nameWorkers(['812-9f-0', '812-9f-1', '812-9f-10', '812-9f-0'])]).toEqual([
    ['812-9f-0', 'worker 0'],
    ['812-9f-1', 'worker 1'],
    ['812-9f-10', 'worker 10'],
  ]);
});

it('names one that is alone for what it is, and keeps names of different runners apart', () => {
  expect([...nameWorkers(['812-9f'])]).toEqual([['812-9f', 'worker']]);
  expect([...nameWorkers(['812-9f-0', '977-aa-0']).values()]).toEqual(['812-9f-0', '977-aa-0']);
});

it('never gives two workers one name', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[ab-]{0,6}$/)), (workers) => {
      expect(new Set(nameWorkers(workers).values()).size).toBe(workers.length);
    }),
  );
});
