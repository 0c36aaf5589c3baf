/** The laws of an output on S3, each in any {@link OutputWorld}. */
import { describe, expect, it } from 'vitest';
import { DaybreakError } from '../../../functions/contract/errors.ts';
import {
  OutputClaimedError,
  OutputExistsError,
  StateError,
} from '../../../functions/contract/errors-store.ts';
import type { OutputMode } from '../../../functions/io/output.ts';
import {
  AT,
  always,
  apart,
  Death,
  dyingHook,
  manifestOf,
  never,
  type OutputWorld,
  partsOf,
  pausingHook,
  promised,
  publish,
  type RequestHook,
  type RequestMoment,
  whole,
} from './output-world.ts';

const EARLIER = '2026-01-01T00:00:00.000Z';

/** Of one publishing, and some more. */
const MOST_REQUESTS = 30;

export type LawOptions = {
  readonly seed: number;
  /** Every how many requests of the first and of the second runner they are made to cross. */
  readonly strides: readonly [number, number];
};

export const describeOutputLaws = (world: OutputWorld, { seed, strides }: LawOptions): void => {
  const addAll = async (output: ReturnType<OutputWorld['open']>, job: string) => {
    for (const [name, text] of Object.entries(partsOf(job))) {
      await output.addPart(name, await world.source(text));
    }
  };

  const expectWhole = async (place: string, job: string, at?: string): Promise<void> => {
    expect(apart(await world.tree(place)), at).toEqual({ rest: whole(job), owner: job });
  };

  describe('an output on S3', () => {
    it('is whole with its manifest, and nothing else is left', async () => {
      const place = world.newPlace();
      const output = await publish(world, place, { job: 'one', mode: 'fail' });
      await expectWhole(place, 'one');
      expect(await output.isPublished()).toBe(true);
      expect(await world.open(place, { job: 'one', at: EARLIER }).isPublished()).toBe(false);
    });

    it('has no manifest before it is finished, and leaves nothing when it is released', async () => {
      const place = world.newPlace();
      const output = world.open(place, { job: 'one', at: AT });
      await output.claim({ mode: 'fail', hasEnded: never });
      await addAll(output, 'one');
      expect(Object.keys(await world.tree(place)).sort()).toEqual(
        ['_daybreak.json', ...Object.keys(partsOf('one'))].sort(),
      );
      expect(await output.isPublished()).toBe(false);
      await output.release();
      await output.release();
      expect(await world.tree(place)).toEqual({});
    });

    it('takes what consoles put for an empty folder for absent', async () => {
      const place = world.newPlace();
      await world.put(place, '', '');
      await publish(world, place, { job: 'one', mode: 'fail' });
      expect(apart(await world.tree(place)).rest).toEqual({ '': '', ...whole('one') });
    });

    it('replaces the old output of another job with overwrite, and leaves nothing of it', async () => {
      const place = world.newPlace();
      await publish(world, place, { job: 'old', mode: 'fail' });
      await publish(world, place, { job: 'new', mode: 'overwrite' });
      await expectWhole(place, 'new');
    });

    it('takes a part of the old job that no manifest lists with the others', async () => {
      const place = world.newPlace();
      await publish(world, place, { job: 'old', mode: 'fail' });
      await world.put(place, 'part-000002-old.parquet', 'of a runner that came late and died');
      await publish(world, place, { job: 'new', mode: 'overwrite' });
      await expectWhole(place, 'new');
    });

    it('replaces an output that was put there by hand after it was claimed', async () => {
      const place = world.newPlace();
      const output = world.open(place, { job: 'new', at: AT });
      await output.claim({ mode: 'overwrite', hasEnded: never });
      await addAll(output, 'new');
      for (const [name, text] of Object.entries(whole('old'))) await world.put(place, name, text);
      await output.finish(manifestOf('new'), 'overwrite');
      await expectWhole(place, 'new');
    });

    it('touches nothing whose name merely begins like its own', async () => {
      const place = world.newPlace();
      const beside = `${place.slice(0, -1)}-2/`;
      await publish(world, beside, { job: 'beside', mode: 'fail' });
      await publish(world, place, { job: 'one', mode: 'fail' });
      await publish(world, place, { job: 'two', mode: 'overwrite' });
      await expectWhole(beside, 'beside');
    });

    it('may be finished again, with another manifest too: what stands stays', async () => {
      const place = world.newPlace();
      const output = await publish(world, place, { job: 'one', mode: 'fail' });
      for (const again of [output, world.open(place, { job: 'one', at: AT })]) {
        await again.claim({ mode: 'fail', hasEnded: never });
        await again.addPart('part-000000-one.parquet', await world.source('other'));
        await again.finish(manifestOf('one', { createdAt: '2026-11-23T00:00:00.000Z' }), 'fail');
        await expectWhole(place, 'one');
      }
    });

    it('leaves out what the manifest does not list, from the first moment', async () => {
      const place = world.newPlace();
      const trees: Readonly<Record<string, string>>[] = [];
      const hook: RequestHook = async (moment, what) => {
        if (moment === 'after' && /^(write|Put)/.test(what)) trees.push(await world.tree(place));
        return undefined;
      };
      const output = world.open(place, { job: 'one', at: AT });
      await output.claim({ mode: 'fail', hasEnded: never });
      await output.addPart('part-000009-one.parquet', await world.source('more'));
      await output.addPart('_rejects/00-map-000009-one.jsonl', await world.source('more'));
      await publish(world, place, { job: 'one', mode: 'fail', hook });
      expect(apart(trees.at(-1) ?? {}).rest).toEqual(whole('one'));
      await expectWhole(place, 'one');
    });

    it('copies no part again that is there', async () => {
      const place = world.newPlace();
      const requests: string[] = [];
      const hook: RequestHook = async (moment, what) => {
        if (moment === 'before') requests.push(what);
        return undefined;
      };
      const claim = { job: 'one', at: AT };
      const first = world.open(place, claim);
      await first.claim({ mode: 'fail', hasEnded: never });
      await addAll(first, 'one');
      const second = world.open(place, claim, hook);
      await addAll(second, 'one');
      expect(requests.filter((what) => /^(add|Copy|Put)/.test(what))).toEqual([]);
      // That the parts are there one listing has told.
      expect(requests.length).toBeLessThan(8);
      await second.finish(manifestOf('one'), 'fail');
      await expectWhole(place, 'one');
    });

    it('fails with StateError where a listed part was not added, or has another size', async () => {
      const place = world.newPlace();
      const output = world.open(place, { job: 'one', at: AT });
      await output.claim({ mode: 'fail', hasEnded: never });
      await expect(output.finish(manifestOf('one'), 'fail')).rejects.toThrow(StateError);
      await addAll(output, 'one');
      await world.put(place, 'part-000001-one.parquet', 'longer than before');
      await expect(output.finish(manifestOf('one'), 'fail')).rejects.toThrow(
        'it has 18 bytes, the manifest says 13',
      );
      expect(Object.keys(await world.tree(place))).not.toContain('_manifest.json');
    });

    it('rejects with OutputExistsError what the mode does not replace, and touches nothing', async () => {
      const place = world.newPlace();
      await publish(world, place, { job: 'old', mode: 'fail' });
      await expect(publish(world, place, { job: 'new', mode: 'fail' })).rejects.toThrow(
        'it has the output of the job old',
      );
      await expect(world.open(place, { job: 'new', at: AT }).requireFree('fail')).rejects.toThrow(
        OutputExistsError,
      );
      await world.open(place, { job: 'new', at: AT }).requireFree('overwrite');
      await expectWhole(place, 'old');

      const foreign = world.newPlace();
      await world.put(foreign, 'thesis.txt', 'years');
      for (const mode of ['fail', 'overwrite'] as const) {
        await expect(publish(world, foreign, { job: 'new', mode })).rejects.toThrow(OutputExistsError);
        await expect(publish(world, foreign, { job: 'new', mode })).rejects.toThrow('it has thesis.txt');
      }
      expect(await world.tree(foreign)).toEqual({ 'thesis.txt': 'years' });
    });

    it.each(['notes.txt', '_rejects/notes.txt', 'part-000002-x.parquet', 'a/b/c', 'zzz'])(
      'rejects with OutputExistsError %s, which the manifest of the old output does not list',
      async (name) => {
        const place = world.newPlace();
        await publish(world, place, { job: 'old', mode: 'fail' });
        await world.put(place, name, 'mine');
        const publishing = publish(world, place, { job: 'new', mode: 'overwrite' });
        await expect(publishing).rejects.toThrow(OutputExistsError);
        await expect(publishing).rejects.toThrow(`it has ${name}, which`);
        expect(apart(await world.tree(place)).rest).toEqual({ ...whole('old'), [name]: 'mine' });
      },
    );

    it('rejects with OutputExistsError a manifest of something else', async () => {
      for (const text of ['{', '{"name":"an extension"}']) {
        const place = world.newPlace();
        await world.put(place, '_manifest.json', text);
        await expect(publish(world, place, { job: 'new', mode: 'overwrite' })).rejects.toThrow(
          'not one that Daybreak writes',
        );
        expect(await world.tree(place)).toEqual({ '_manifest.json': text });
      }
    });

    it('rejects with OutputExistsError an output that was filled while the job ran', async () => {
      for (const fill of ['before the last claim', 'before the end'] as const) {
        const place = world.newPlace();
        const output = world.open(place, { job: 'one', at: AT });
        await output.claim({ mode: 'fail', hasEnded: never });
        await addAll(output, 'one');
        await world.put(place, 'thesis.txt', 'years');
        const ending =
          fill === 'before the end'
            ? output.finish(manifestOf('one'), 'fail')
            : output.claim({ mode: 'fail', hasEnded: never });
        await expect(ending).rejects.toThrow(OutputExistsError);
        await output.release();
        expect(await world.tree(place)).toEqual({ 'thesis.txt': 'years' });
      }
    });

    it('rejects with OutputExistsError the output of an earlier job of the same id', async () => {
      const place = world.newPlace();
      await publish(world, place, { job: 'one', mode: 'fail' });
      for (const mode of ['fail', 'overwrite'] as const) {
        const later = world.open(place, { job: 'one', at: '2026-12-01T00:00:00.000Z' });
        await expect(later.claim({ mode, hasEnded: async () => undefined })).rejects.toThrow(
          OutputExistsError,
        );
        expect(await later.isPublished()).toBe(false);
      }
      await expectWhole(place, 'one');
    });

    it('rejects a part whose name is none, or of another job', async () => {
      const output = world.open(world.newPlace(), { job: 'one', at: AT });
      await output.claim({ mode: 'fail', hasEnded: never });
      for (const name of [
        '../x',
        '_manifest.json',
        'part-0-one.parquet',
        '_rejects/../x',
        'part-000000-two.parquet',
      ]) {
        await expect(output.addPart(name, await world.source('x'))).rejects.toThrow('not a name');
      }
    });
  });

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
      await addAll(one, 'one');
      const asked: string[] = [];
      for (const job of ['two', 'three']) {
        const next = world.open(place, { job, at: AT });
        await next.claim({ mode: 'fail', hasEnded: async (claim) => asked.push(claim.job) > 0 });
      }
      expect(asked).toEqual(['one', 'two']);
      await expect(one.finish(manifestOf('one'), 'fail')).rejects.toThrow(OutputClaimedError);
      await publish(world, place, { job: 'three', mode: 'fail' });
      await expectWhole(place, 'three');
    });

    it('takes what an ended job left with it where it is released', async () => {
      const place = world.newPlace();
      const one = world.open(place, { job: 'one', at: AT });
      await one.claim({ mode: 'fail', hasEnded: never });
      await addAll(one, 'one');
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
      await expectWhole(place, 'one');
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
      await expectWhole(place, 'one');
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
      await expectWhole(place, 'new');
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

  describe('runners that come late', () => {
    it('take their parts back where another job has taken the output', async () => {
      const place = world.newPlace();
      const late = pausingHook((what) => /^(add|Copy)/.test(what));
      const lateEnds = publish(world, place, { job: 'late', mode: 'fail', hook: late.hook }).catch(
        (error: unknown) => error,
      );
      expect(await late.paused).toBe(true);
      const next = world.open(place, { job: 'next', at: AT });
      await next.claim({ mode: 'fail', hasEnded: always });
      await publish(world, place, { job: 'next', mode: 'fail' });
      late.resume();
      expect(await lateEnds).toBeInstanceOf(DaybreakError);
      await expectWhole(place, 'next');
    });

    it('put no manifest over that of a job that has published since, however often', async () => {
      const place = world.newPlace();
      const writes: string[] = [];
      const late = pausingHook((what) => {
        if (/^(write|Put)/.test(what)) writes.push(what);
        // The first write is the claim, the second the manifest.
        return writes.length === 2;
      });
      const lateEnds = publish(world, place, { job: 'late', mode: 'overwrite', hook: late.hook }).catch(
        (error: unknown) => error,
      );
      expect(await late.paused).toBe(true);
      await publish(world, place, { job: 'late', mode: 'overwrite' });
      await publish(world, place, { job: 'next', mode: 'overwrite' });
      await publish(world, place, { job: 'last', mode: 'overwrite' });
      late.resume();
      expect(await lateEnds).toBeInstanceOf(DaybreakError);
      await expectWhole(place, 'last');
    });
  });

  describe('runners that stood still before any of their requests', () => {
    /** Lets `act` stand still before request 1, 2, … while others do `meanwhile`, until it needs no more requests. */
    const pauseEverywhere = async (
      prepare: (place: string) => Promise<void>,
      act: (place: string, hook: RequestHook) => Promise<unknown>,
      meanwhile: (place: string) => Promise<void>,
      afterwards: (place: string) => Promise<void> = async () => {},
    ): Promise<void> => {
      for (let pauseAt = 1; pauseAt <= MOST_REQUESTS; pauseAt += 1) {
        const place = world.newPlace();
        await prepare(place);
        const { hook, paused, resume } = pausingHook(pauseAt);
        const ends = act(place, hook).catch((error: unknown) => error);
        const isPaused = await Promise.race([paused, ends.then(() => false)]);
        const at = `request ${pauseAt}`;
        if (isPaused) await meanwhile(place);
        resume();
        const end = await ends;
        if (end instanceof Error) expect(end, at).toBeInstanceOf(DaybreakError);
        if (!isPaused) return;
        await afterwards(place);
        const { promise, kept } = promised(await world.tree(place));
        expect(kept, at).toEqual(promise);
        expect(Object.keys(promise), at).not.toEqual([]);
      }
      expect.fail(`it takes more than ${MOST_REQUESTS} requests`);
    };

    it('harm no output of a job that has replaced theirs since', async () => {
      let isPublished = false;
      await pauseEverywhere(
        async () => {
          isPublished = false;
        },
        (place, hook) => {
          const hasPublished = async () => isPublished;
          return publish(world, place, { job: 'late', mode: 'overwrite', hook, hasPublished });
        },
        async (place) => {
          await publish(world, place, { job: 'late', mode: 'overwrite' });
          isPublished = true;
          await publish(world, place, { job: 'next', mode: 'overwrite' });
        },
      );
    });

    it('do not come back before a job that has just replaced theirs', async () => {
      let isPublished = false;
      let resumeNext = () => {};
      let nextEnds: Promise<unknown> = Promise.resolve();
      await pauseEverywhere(
        async () => {
          isPublished = false;
        },
        (place, hook) => {
          const hasPublished = async () => isPublished;
          return publish(world, place, { job: 'late', mode: 'overwrite', hook, hasPublished });
        },
        async (place) => {
          await publish(world, place, { job: 'late', mode: 'overwrite' });
          isPublished = true;
          // Its manifest stands, and the parts of the late one do still.
          const next = pausingHook((what) => /^(remove|DeleteObjects)/.test(what));
          nextEnds = publish(world, place, { job: 'next', mode: 'overwrite', hook: next.hook });
          expect(await next.paused).toBe(true);
          resumeNext = next.resume;
        },
        async (place) => {
          resumeNext();
          await nextEnds;
          await expectWhole(place, 'next');
        },
      );
    });

    it('give back nothing of a later run of their job', async () => {
      const claimOf = (run: string) => ({ job: 'one', at: AT, run });
      await pauseEverywhere(
        async (place) => {
          await world.open(place, claimOf('0001')).claim({ mode: 'fail', hasEnded: never });
        },
        (place, hook) => world.open(place, claimOf('0001'), hook).release(),
        async (place) => {
          const later = world.open(place, claimOf('0002'));
          await later.claim({ mode: 'fail', hasEnded: never });
          for (const [name, text] of Object.entries(partsOf('one', '0002'))) {
            await later.addPart(name, await world.source(text));
          }
        },
        (place) => world.open(place, claimOf('0002')).finish(manifestOf('one', { run: '0002' }), 'fail'),
      );
    });

    it('give back nothing of the output that their job was to replace', async () => {
      await pauseEverywhere(
        async (place) => {
          await world.open(place, { job: 'one', at: AT }).claim({ mode: 'overwrite', hasEnded: never });
        },
        (place, hook) => world.open(place, { job: 'one', at: AT }, hook).release(),
        async (place) => {
          // The claim goes with another runner, a job publishes, and a third runner claims it again.
          await world.open(place, { job: 'one', at: AT }).release();
          await publish(world, place, { job: 'between', mode: 'overwrite' });
          await world.open(place, { job: 'one', at: AT }).claim({ mode: 'overwrite', hasEnded: always });
        },
      );
    });
  });

  describe('two runners of one job on S3', () => {
    /** The first stops before one request, the second before another; then the first ends, then the second. */
    const cross = async (firstAt: number, secondAt: number): Promise<boolean> => {
      const place = world.newPlace();
      await publish(world, place, { job: 'old', mode: 'fail' });
      const [first, second] = [pausingHook(firstAt), pausingHook(secondAt)];
      const settle = (hook: RequestHook) =>
        publish(world, place, { job: 'new', mode: 'overwrite', hook }).catch((error: unknown) => error);
      const firstEnds = settle(first.hook);
      await Promise.race([first.paused, firstEnds]);
      const secondEnds = settle(second.hook);
      const isSecondPaused = await Promise.race([second.paused, secondEnds.then(() => false)]);
      first.resume();
      const ends = [await firstEnds];
      second.resume();
      ends.push(await secondEnds);
      const at = `requests ${firstAt} and ${secondAt}`;
      for (const end of ends) if (end instanceof Error) expect(end, at).toBeInstanceOf(DaybreakError);
      await publish(world, place, { job: 'new', mode: 'overwrite' });
      await expectWhole(place, 'new', at);
      return isSecondPaused;
    };

    it(`publish it with overwrite, whoever overtakes whom at which request, seed ${seed}`, async () => {
      let crossings = 0;
      const [firstStride, secondStride] = strides;
      for (let firstAt = 1 + (seed % firstStride); firstAt <= MOST_REQUESTS; firstAt += firstStride) {
        for (let secondAt = 1 + (seed % secondStride); secondAt <= MOST_REQUESTS; secondAt += secondStride) {
          if (await cross(firstAt, secondAt)) crossings += 1;
        }
      }
      expect(crossings).toBeGreaterThan(5);
    });
  });

  describe.each(['before', 'after'] as const)('a death %s any request', (moment: RequestMoment) => {
    /** Runs the publishing with a death at request 1, 2, … until one run lives to its end. */
    const dieEverywhere = async (
      mode: OutputMode,
      judge: (place: string, at: string) => Promise<void>,
    ): Promise<number> => {
      for (let dieAt = 1; ; dieAt += 1) {
        const place = world.newPlace();
        if (mode === 'overwrite') await publish(world, place, { job: 'old', mode: 'fail' });
        const { hook, state } = dyingHook(dieAt, moment);
        const death = await publish(world, place, { job: 'new', mode, hook }).catch(
          (error: unknown) => error,
        );
        if (!state.isDead) return dieAt - 1;
        const at = `request ${dieAt}`;
        expect(death, at).toBeInstanceOf(Death);
        const { promise, kept } = promised(await world.tree(place));
        expect(kept, at).toEqual(promise);
        await judge(place, at);
      }
    };

    it('leaves no manifest or a whole output, and it whole after another go', async () => {
      const requests = await dieEverywhere('fail', async (place, at) => {
        await publish(world, place, { job: 'new', mode: 'fail' });
        await expectWhole(place, 'new', at);
      });
      expect(requests).toBeGreaterThan(15);
    });

    it('leaves the old output or the new one whole with overwrite, and the new one after another go', async () => {
      await dieEverywhere('overwrite', async (place, at) => {
        // There is no instant without a manifest.
        expect(Object.keys(await world.tree(place)), at).toContain('_manifest.json');
        await publish(world, place, { job: 'new', mode: 'overwrite' });
        await expectWhole(place, 'new', at);
      });
    });

    it('lets release leave the old output, unless the new one stands', async () => {
      await dieEverywhere('overwrite', async (place, at) => {
        const output = world.open(place, { job: 'new', at: AT });
        const expected = (await output.isPublished()) ? whole('new') : whole('old');
        await output.release();
        expect(apart(await world.tree(place)).rest, at).toEqual(expected);
      });
    });

    it('lets another job take over once this one has ended, from an output that is whole', async () => {
      await dieEverywhere('overwrite', async (place, at) => {
        const other = world.open(place, { job: 'other', at: AT });
        await other.claim({ mode: 'overwrite', hasEnded: always });
        const { promise, kept } = promised(await world.tree(place));
        expect(kept, at).toEqual(promise);
        await publish(world, place, { job: 'other', mode: 'overwrite' });
        await expectWhole(place, 'other', at);
      });
    });
  });
};
