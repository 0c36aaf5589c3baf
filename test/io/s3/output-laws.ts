/** What an output on S3 is and what it refuses, in any {@link OutputWorld}. */
import { describe, expect, it } from 'vitest';
import { OutputExistsError, StateError } from '../../../functions/contract/errors-store.ts';
import {
  AT,
  addAll,
  apart,
  expectWhole,
  manifestOf,
  never,
  type OutputWorld,
  partsOf,
  publish,
  type RequestHook,
  whole,
} from './output-world.ts';

const EARLIER = '2026-01-01T00:00:00.000Z';

export const describeOutputLaws = (world: OutputWorld): void => {
  describe('an output on S3', () => {
    it('is whole with its manifest, and nothing else is left', async () => {
      const place = world.newPlace();
      const output = await publish(world, place, { job: 'one', mode: 'fail' });
      await expectWhole(world, place, 'one');
      expect(await output.isPublished()).toBe(true);
      expect(await world.open(place, { job: 'one', at: EARLIER }).isPublished()).toBe(false);
    });

    it('has no manifest before it is finished, and leaves nothing when it is released', async () => {
      const place = world.newPlace();
      const output = world.open(place, { job: 'one', at: AT });
      await output.claim({ mode: 'fail', hasEnded: never });
      await addAll(world, output, 'one');
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
      await expectWhole(world, place, 'new');
    });

    it('takes a part of the old job that no manifest lists with the others', async () => {
      const place = world.newPlace();
      await publish(world, place, { job: 'old', mode: 'fail' });
      await world.put(place, 'part-000002-old.parquet', 'of a runner that came late and died');
      await publish(world, place, { job: 'new', mode: 'overwrite' });
      await expectWhole(world, place, 'new');
    });

    it('replaces an output that was put there by hand after it was claimed', async () => {
      const place = world.newPlace();
      const output = world.open(place, { job: 'new', at: AT });
      await output.claim({ mode: 'overwrite', hasEnded: never });
      await addAll(world, output, 'new');
      for (const [name, text] of Object.entries(whole('old'))) await world.put(place, name, text);
      await output.finish(manifestOf('new'), 'overwrite');
      await expectWhole(world, place, 'new');
    });

    it('touches nothing whose name merely begins like its own', async () => {
      const place = world.newPlace();
      const beside = `${place.slice(0, -1)}-2/`;
      await publish(world, beside, { job: 'beside', mode: 'fail' });
      await publish(world, place, { job: 'one', mode: 'fail' });
      await publish(world, place, { job: 'two', mode: 'overwrite' });
      await expectWhole(world, beside, 'beside');
    });

    it('may be finished again, with another manifest too: what stands stays', async () => {
      const place = world.newPlace();
      const output = await publish(world, place, { job: 'one', mode: 'fail' });
      for (const again of [output, world.open(place, { job: 'one', at: AT })]) {
        await again.claim({ mode: 'fail', hasEnded: never });
        await again.addPart('part-000000-one.parquet', await world.source('other'));
        await again.finish(manifestOf('one', { createdAt: '2026-11-23T00:00:00.000Z' }), 'fail');
        await expectWhole(world, place, 'one');
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
      await expectWhole(world, place, 'one');
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
      await addAll(world, first, 'one');
      const second = world.open(place, claim, hook);
      await addAll(world, second, 'one');
      expect(requests.filter((what) => /^(add|Copy|Put)/.test(what))).toEqual([]);
      // That the parts are there one listing has told.
      expect(requests.length).toBeLessThan(8);
      await second.finish(manifestOf('one'), 'fail');
      await expectWhole(world, place, 'one');
    });

    it('fails with StateError where a listed part was not added, or has another size', async () => {
      const place = world.newPlace();
      const output = world.open(place, { job: 'one', at: AT });
      await output.claim({ mode: 'fail', hasEnded: never });
      await expect(output.finish(manifestOf('one'), 'fail')).rejects.toThrow(StateError);
      await addAll(world, output, 'one');
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
      await expectWhole(world, place, 'old');

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
        await addAll(world, output, 'one');
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
      await expectWhole(world, place, 'one');
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
};
