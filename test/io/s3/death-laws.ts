/** A death before and after every request to an output on S3, in any {@link OutputWorld}. */
import { describe, expect, it } from 'vitest';
import type { OutputMode } from '../../../functions/io/output.ts';
import {
  AT,
  always,
  apart,
  Death,
  dyingHook,
  expectWhole,
  type OutputWorld,
  promised,
  publish,
  type RequestMoment,
  whole,
} from './output-world.ts';

export const describeDeathLaws = (world: OutputWorld): void => {
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
        await expectWhole(world, place, 'new', at);
      });
      expect(requests).toBeGreaterThan(15);
    });

    it('leaves the old output or the new one whole with overwrite, and the new one after another go', async () => {
      await dieEverywhere('overwrite', async (place, at) => {
        // There is no instant without a manifest.
        expect(Object.keys(await world.tree(place)), at).toContain('_manifest.json');
        await publish(world, place, { job: 'new', mode: 'overwrite' });
        await expectWhole(world, place, 'new', at);
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
        await expectWhole(world, place, 'other', at);
      });
    });
  });
};
