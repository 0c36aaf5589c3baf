import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Commit } from '../../functions/contract/commit.ts';
import { StoreError } from '../../functions/contract/errors-store.ts';
import { commitAttempt, listCommitFacts, listCommits } from '../../functions/io/commit-attempt.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import { type Fault, openFaultyStore } from '../conformance/faulty-store.ts';
import { readStoreCases } from '../conformance/store-case.ts';
import { unsyncedFiles } from './dying-files.ts';

let root: string;
let round = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybreak-commit-'));
});
afterEach(() => rm(root, { recursive: true }));

const base = Commit.parse(readStoreCases().base.commit);
const stage = { job: base.job, run: base.run, stage: base.stage };
const attemptOf = (index: number): Commit => ({ ...base, attempt: index.toString(16).padStart(24, '0') });
const newStore = () => {
  round += 1;
  return openFileStore(join(root, `${round}`), unsyncedFiles);
};

const fault: fc.Arbitrary<Fault> = fc.record({
  on: fc.constantFrom('putIfAbsent' as const, 'get' as const),
  reply: fc.constantFrom('ok' as const, 'lost' as const, 'dropped' as const, 409 as const, 503 as const),
  delay: fc.nat(6),
});

it('chooses exactly one of any attempts at once under any faults, and all who are answered agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fault, { maxLength: 6 }), { minLength: 1, maxLength: 8 }),
      async (scripts) => {
        const store = await newStore();
        const results = await Promise.all(
          scripts.map((faults, index) => commitAttempt(openFaultyStore(store, faults), attemptOf(index))),
        );
        const [standing, ...others] = await listCommits(store, stage);
        expect(others).toEqual([]);
        for (const { chosen } of results) expect(chosen).toEqual(standing);
        expect(results.map(({ isMine }) => isMine)).toEqual(
          scripts.map((_, index) => attemptOf(index).attempt === standing?.attempt),
        );
      },
    ),
    { numRuns: 150 },
  );
});

it('fails only where nobody is answered, and then nobody is told a wrong winner', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 2, maxLength: 6 }), async (areCutOff) => {
      const store = await newStore();
      const results = await Promise.allSettled(
        areCutOff.map((isCutOff, index) => {
          const faults: Fault[] = isCutOff
            ? [
                { on: 'putIfAbsent', reply: 'lost', times: 99 },
                { on: 'get', reply: 'dropped', times: 99 },
              ]
            : [];
          return commitAttempt(openFaultyStore(store, faults), attemptOf(index));
        }),
      );
      const [standing] = await listCommits(store, stage);
      results.forEach((result, index) => {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(StoreError);
        else expect(result.value.chosen).toEqual(standing);
        expect(result.status).toBe(areCutOff[index] === true ? 'rejected' : 'fulfilled');
      });
    }),
    { numRuns: 40 },
  );
});

it('lists the facts of commits without where their partitions lie', async () => {
  const store = await newStore();
  const commit = Commit.parse({ ...attemptOf(1), partitions: [[0, 1, 4_294_967_295, 1]] });
  await commitAttempt(store, commit);
  expect(await listCommits(store, stage)).toEqual([commit]);
  const { partitions: _, ...facts } = commit;
  expect(await listCommitFacts(store, stage)).toEqual([facts]);
});

it('fails with what the store says where a write is known not to have been done', async () => {
  const store = await newStore();
  let puts = 0;
  const full = {
    ...store,
    putIfAbsent: async (key: string) => {
      puts += 1;
      throw new StoreError({ operation: 'put', key, reason: 'the disk is full' });
    },
  };
  await expect(commitAttempt(full, base)).rejects.toThrow('the disk is full; it was not done');
  expect(puts).toBe(1);
});

it('refuses to put a commit that is none', async () => {
  const store = await newStore();
  await expect(commitAttempt(store, { ...base, rows: -1 })).rejects.toThrow();
  await expect(commitAttempt(store, { ...base, task: '../x' })).rejects.toThrow('not a valid task id');
  expect(await listCommits(store, stage)).toEqual([]);
});
