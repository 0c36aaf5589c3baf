/** Several runners on one output on S3, and those that come late, in any {@link OutputWorld}. */
import { describe, expect, it } from 'vitest';
import { DaybreakError } from '../../../functions/contract/errors.ts';
import {
  AT,
  always,
  expectWhole,
  manifestOf,
  never,
  type OutputWorld,
  partsOf,
  pausingHook,
  promised,
  publish,
  type RequestHook,
} from './output-world.ts';

/** Of one publishing, and some more. */
const MOST_REQUESTS = 30;

export type RunnerOptions = {
  readonly seed: number;
  /** Every how many requests of the first and of the second runner they are made to cross. */
  readonly strides: readonly [number, number];
};

export const describeRunnerLaws = (world: OutputWorld, { seed, strides }: RunnerOptions): void => {
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
      await expectWhole(world, place, 'next');
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
      await expectWhole(world, place, 'last');
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
          await expectWhole(world, place, 'next');
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
      await expectWhole(world, place, 'new', at);
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
};
