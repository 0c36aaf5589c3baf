/** Whom an output on S3 belongs to, in any {@link OutputWorld}. */
import { describe, expect, it } from 'vitest';
import {
  OutputClaimedError,
  OutputExistsError,
  StateError,
} from '../../../functions/contract/errors-store.ts';
import {
  AT,
  addAll,
  always,
  apart,
  expectWhole,
  manifestOf,
  never,
  type OutputWorld,
  pausingHook,
  publish,
  whole,
} from './output-world.ts';

const EARLIER = '2026-01-01T00:00:00.000Z';

export const describeClaimLaws = (world: OutputWorld): void => {
  describe('the claim on S3', () => {
    it('belongs to one job, which may take it again', async () => {
      const place = world.newPlace();
      const one = world.open(place, { job: 'one', at: AT });
      const two = world.open(place, { job: 'two', at: AT });
      await one.claim({ mode: 'fail', hasEnded: never });
      await one.claim({ mode: 'fail', hasEnded: never });
      await expect(two.claim({ mode: 'fail', hasEnded: never })).rejects.toThrow(OutputClaimedError);
      await expect(two.claim({ mode: 'fail', hasEnded: never })).rejects.toThrow('belongs to the job one');
      const adding = two.addPart('part-000000-two.parquet', await world.source('two 0'));
      await expect(adding).rejects.toThrow(OutputClaimedError);
      await two.release();
      await one.claim({ mode: 'fail', hasEnded: never });
      expect(Object.keys(await world.tree(place))).toEqual(['_daybreak.json']);
    });

    it('is taken over from a job that has ended, and nothing of what that left is published', async () => {
      const place = world.newPlace();
      const one = world.open(place, { job: 'one', at: AT });
      await one.claim({ mode: 'fail', hasEnded: never });
      await addAll(world, one, 'one');
      const asked: string[] = [];
      for (const job of ['two', 'three']) {
        const next = world.open(place, { job, at: AT });
        await next.claim({ mode: 'fail', hasEnded: async (claim) => asked.push(claim.job) > 0 });
      }
      expect(asked).toEqual(['one', 'two']);
      await expect(one.finish(manifestOf('one'), 'fail')).rejects.toThrow(OutputClaimedError);
      await publish(world, place, { job: 'three', mode: 'fail' });
      await expectWhole(world, place, 'three');
    });

    it('takes what an ended job left with it where it is released', async () => {
      const place = world.newPlace();
      const one = world.open(place, { job: 'one', at: AT });
      await one.claim({ mode: 'fail', hasEnded: never });
      await addAll(world, one, 'one');
      const two = world.open(place, { job: 'two', at: AT });
      await two.claim({ mode: 'fail', hasEnded: always });
      await two.release();
      expect(await world.tree(place)).toEqual({});
    });

    it('tells a job from an earlier one of the same id', async () => {
      const place = world.newPlace();
      const earlier = world.open(place, { job: 'one', at: EARLIER });
      await earlier.claim({ mode: 'fail', hasEnded: never });
      const later = world.open(place, { job: 'one', at: AT });
      await expect(later.claim({ mode: 'fail', hasEnded: never })).rejects.toThrow(OutputClaimedError);
      await later.claim({ mode: 'fail', hasEnded: always });
      const adding = earlier.addPart('part-000000-one.parquet', await world.source('one 0'));
      await expect(adding).rejects.toThrow(OutputClaimedError);
    });

    it("goes from a run to a later one of its job, and is not the earlier run's to use or to release", async () => {
      const place = world.newPlace();
      const claims = ['0001', undefined, '0002'].map((run) => ({
        job: 'one',
        at: AT,
        ...(run === undefined ? {} : { run }),
      }));
      const [first, waiting, second] = claims.map((claim) => world.open(place, claim));
      await first?.claim({ mode: 'fail', hasEnded: never });
      await first?.addPart('part-000000-one.parquet', await world.source('one 0'));
      await waiting?.claim({ mode: 'fail', hasEnded: never });
      await second?.claim({ mode: 'fail', hasEnded: never });
      const before = await world.tree(place);
      expect(Object.keys(before)).toContain('part-000000-one.parquet');
      await first?.claim({ mode: 'fail', hasEnded: never });
      await first?.release();
      await waiting?.release();
      expect(await world.tree(place)).toEqual(before);
      const late = first?.addPart('part-000001-one.parquet', await world.source('one 1'));
      await expect(late).rejects.toThrow('run 0002 of job one has taken it over');
      const other = world.open(place, { job: 'two', at: AT });
      const asked: unknown[] = [];
      const claiming = other.claim({ mode: 'fail', hasEnded: async (claim) => asked.push(claim) === 0 });
      await expect(claiming).rejects.toThrow(OutputClaimedError);
      expect(asked).toEqual([claims[2]]);
      await second?.release();
      expect(await world.tree(place)).toEqual({});
    });

    it('fails with what to delete where nobody here knows the job that has it', async () => {
      const place = world.newPlace();
      await world.open(place, { job: 'lost', at: AT }).claim({ mode: 'fail', hasEnded: never });
      const one = world.open(place, { job: 'one', at: AT });
      const claiming = one.claim({ mode: 'fail', hasEnded: async () => undefined });
      await expect(claiming).rejects.toThrow(OutputClaimedError);
      await expect(claiming).rejects.toThrow('the job lost, which this work folder does not know');
      await expect(claiming).rejects.toThrow(new RegExp(`delete ${place}_daybreak.json$`));
      await world.remove(place, '_daybreak.json');
      await publish(world, place, { job: 'one', mode: 'fail' });
      await expectWhole(world, place, 'one');
    });

    it('of a job that nobody here knows binds nobody once its output is whole', async () => {
      const place = world.newPlace();
      await publish(world, place, { job: 'lost', mode: 'fail' });
      const one = world.open(place, { job: 'one', at: AT });
      await expect(one.claim({ mode: 'fail', hasEnded: async () => undefined })).rejects.toThrow(
        OutputExistsError,
      );
      await expect(one.claim({ mode: 'overwrite', hasEnded: never })).rejects.toThrow(OutputClaimedError);
      await one.claim({ mode: 'overwrite', hasEnded: async () => undefined });
      await publish(world, place, { job: 'one', mode: 'overwrite' });
      await expectWhole(world, place, 'one');
    });

    it('goes to one of any number who want it at once, free or to be taken over', async () => {
      for (let round = 0; round < 6; round += 1) {
        const place = world.newPlace();
        if (round % 2 === 1) {
          await world.open(place, { job: 'ended', at: AT }).claim({ mode: 'fail', hasEnded: never });
        }
        const jobs = Array.from({ length: 8 }, (_, index) => `job-${index}`);
        const results = await Promise.allSettled(
          jobs.map((job) =>
            world
              .open(place, { job, at: AT })
              .claim({ mode: 'fail', hasEnded: async (claim) => claim.job === 'ended' }),
          ),
        );
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(OutputClaimedError);
        }
      }
    });

    it('is given back where the output was filled while it was on its way', async () => {
      const place = world.newPlace();
      const late = pausingHook((what) => /^(write|Put)/.test(what));
      const lateEnds = world
        .open(place, { job: 'late', at: AT }, late.hook)
        .claim({ mode: 'fail', hasEnded: never })
        .catch((error: unknown) => error);
      expect(await late.paused).toBe(true);
      await world.put(place, 'thesis.txt', 'years');
      late.resume();
      expect(await lateEnds).toBeInstanceOf(OutputExistsError);
      expect(await world.tree(place)).toEqual({ 'thesis.txt': 'years' });
    });

    it('is refused to a runner of a job that was published and replaced since', async () => {
      const place = world.newPlace();
      await publish(world, place, { job: 'old', mode: 'fail' });
      await publish(world, place, { job: 'new', mode: 'overwrite' });
      const late = world.open(place, { job: 'old', at: AT });
      const claiming = late.claim({ mode: 'overwrite', hasEnded: always, hasPublished: always });
      await expect(claiming).rejects.toThrow('job old has published it, and it was replaced since');
      await expectWhole(world, place, 'new');
    });

    it('is refused to such a runner too where nobody owns the output any more', async () => {
      const place = world.newPlace();
      let isPublished = false;
      const late = pausingHook((what) => /^(write|Put)/.test(what));
      const lateEnds = publish(world, place, {
        job: 'old',
        mode: 'overwrite',
        hook: late.hook,
        hasPublished: async () => isPublished,
      }).catch((error: unknown) => error);
      expect(await late.paused).toBe(true);
      await publish(world, place, { job: 'old', mode: 'overwrite' });
      isPublished = true;
      await publish(world, place, { job: 'new', mode: 'overwrite' });
      const cancelled = world.open(place, { job: 'cancelled', at: AT });
      await cancelled.claim({ mode: 'overwrite', hasEnded: always });
      await cancelled.release();
      late.resume();
      expect(await lateEnds).toBeInstanceOf(OutputExistsError);
      expect(apart(await world.tree(place))).toEqual({ rest: whole('new'), owner: undefined });
    });

    it('fails with StateError where it cannot be read', async () => {
      const place = world.newPlace();
      await world.put(place, '_daybreak.json', '{');
      await expect(publish(world, place, { job: 'one', mode: 'fail' })).rejects.toThrow(StateError);
    });
  });
};
