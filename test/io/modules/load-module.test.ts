import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { KEYS } from '../../../functions/contract/keys.ts';
import { bundleModule } from '../../../functions/io/modules/bundle-module.ts';
import { loadModule } from '../../../functions/io/modules/load-module.ts';
import { readModule, storeModule } from '../../../functions/io/modules/store-module.ts';
import { JOB, type ModuleBench, withModuleBench } from './module-bench.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/modules');
const fixture = (name: string): Promise<string> => readFile(path.join(FIXTURES, name), 'utf8');
const load = async (bench: ModuleBench, name: string, initSeconds = 10) =>
  bench.load(await fixture(name), { export: 'map', initSeconds });

const COUNTING = `import { defineInit } from 'daybreak';
let inits = 0;
export const init = defineInit(async (options: { start: number }) => {
  inits += 1;
  return { inits: () => inits, start: options.start };
});
export default (_: unknown, context: { inits: () => number; start: number }) => ({ inits: context.inits(), start: context.start });
export const other = 1;`;

describe('loadModule', () => {
  it('runs init once for all loads of a bundle with equal options, also at once', async () => {
    await withModuleBench(async (bench) => {
      const options = { start: 5 };
      const first = await bench.load(COUNTING, { options });
      const more = await Promise.all([1, 2, 3].map(() => bench.load(COUNTING, { options })));
      for (const module of [first, ...more])
        expect(module.call(undefined, module.context, undefined)).toEqual({ inits: 1, start: 5 });
    });
  });

  it('gives steps with other options an instance of their own', async () => {
    await withModuleBench(async (bench) => {
      const left = await bench.load(COUNTING, { options: { start: 1 } });
      const right = await bench.load(COUNTING, { options: { start: 2 } });
      expect(left.call(undefined, left.context, undefined)).toEqual({ inits: 1, start: 1 });
      expect(right.call(undefined, right.context, undefined)).toEqual({ inits: 1, start: 2 });
    });
  });

  it('runs the stored bytes, whatever becomes of the file', async () => {
    await withModuleBench(async ({ folder, store }) => {
      await writeFile(path.join(folder, 'a.ts'), 'export default () => 1;');
      const bundled = await bundleModule({ folder, path: 'a.ts', exports: ['default'] });
      await storeModule(store, JOB, bundled);
      await writeFile(path.join(folder, 'a.ts'), 'export default () => 2;');
      const { call } = await loadModule({
        store,
        job: JOB,
        scratchDir: path.join(folder, 'node_modules', 'scratch'),
        module: { sha256: bundled.sha256, export: 'default', path: 'a.ts', options: {} },
      });
      expect(call(undefined, undefined, undefined)).toBe(1);
    });
  });

  it('stores equal bytes once, however often', async () => {
    await withModuleBench(async ({ folder, store }) => {
      await writeFile(path.join(folder, 'a.ts'), 'export default () => 1;');
      const bundled = await bundleModule({ folder, path: 'a.ts', exports: ['default'] });
      await Promise.all([1, 2, 3].map(() => storeModule(store, JOB, bundled)));
      const stored = await readModule(store, { job: JOB, sha256: bundled.sha256 });
      expect(Buffer.compare(stored, bundled.bytes)).toBe(0);
    });
  });

  it('fails by name where the stored bytes are gone or are others', async () => {
    await withModuleBench(async ({ store }) => {
      const sha256 = 'a'.repeat(64);
      await expect(readModule(store, { job: JOB, sha256 })).rejects.toThrow(/the bundle of a module is gone/);
      await store.put(
        KEYS.module.render({ job: JOB, hash: sha256 }),
        new TextEncoder().encode('export default 1'),
      );
      await expect(readModule(store, { job: JOB, sha256 })).rejects.toMatchObject({
        name: 'StateError',
        message: expect.stringMatching(/has the hash [0-9a-f]{64}/),
      });
    });
  });

  it.each([
    [
      'throws-at-load.ts',
      'ModuleError',
      /fails while it is loaded: TypeError: thrown at load \(module\.ts:2:7\)/,
    ],
    ['throws-in-init.ts', 'ModuleError', /fails in init: TypeError: thrown in init \(module\.ts:3:9\)/],
  ])('fails by name and place where %s', async (name, error, message) => {
    await withModuleBench(async (bench) => {
      const source = await fixture(name);
      await expect(bench.load(source, { export: 'map' })).rejects.toMatchObject({
        name: error,
        message: expect.stringMatching(message),
      });
    });
  });

  it('fails by name where init never settles', async () => {
    await withModuleBench(async (bench) => {
      await expect(load(bench, 'never-ends-init.ts', 1)).rejects.toMatchObject({
        name: 'ModuleTimeoutError',
        message: 'the module module.ts: init has not ended after 1 s',
      });
    });
  });

  it('fails by name where the top level never settles', async () => {
    await withModuleBench(async (bench) => {
      const source = 'await new Promise(() => undefined);\nexport default () => 1;';
      await expect(bench.load(source, { initSeconds: 0.05 })).rejects.toThrow(/its top level has not ended/);
    });
  });

  it('tries again after an init that failed', async () => {
    await withModuleBench(async (bench) => {
      const flag = `globalThis.daybreakTestInits`;
      const source = `export const init = () => { ${flag} = (${flag} ?? 0) + 1; if (${flag} === 1) throw new Error('not yet'); return ${flag}; };
export default () => 1;`;
      await expect(bench.load(source)).rejects.toThrow(/not yet/);
      expect((await bench.load(source)).context).toBe(2);
    });
  });

  it.each([
    [
      'a number',
      'export const other = 1; export default 7;',
      /has no function "default": found a number, its exports are default, other/,
    ],
    [
      'an init that is no function',
      'export const init = {}; export default () => 1;',
      /exports an init that is no function but a object/,
    ],
  ])('refuses %s', async (_, source, message) => {
    await withModuleBench(async (bench) => {
      await expect(bench.load(source)).rejects.toMatchObject({
        name: 'ModuleError',
        message: expect.stringMatching(message),
      });
    });
  });

  it('gives init a copy of the options', async () => {
    await withModuleBench(async (bench) => {
      const options = { list: [1] };
      const source =
        'export const init = (options: { list: number[] }) => { options.list.push(2); return options.list; }; export default () => 1;';
      expect((await bench.load(source, { options })).context).toEqual([1, 2]);
      expect(options).toEqual({ list: [1] });
    });
  });
});
