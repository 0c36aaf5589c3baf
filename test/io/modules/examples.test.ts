import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UserModule } from '../../../functions/contract/spec-values.ts';
import { bundleModule } from '../../../functions/io/modules/bundle-module.ts';
import { loadModule } from '../../../functions/io/modules/load-module.ts';
import { runModuleStep } from '../../../functions/io/modules/run-module-step.ts';
import { storeModule } from '../../../functions/io/modules/store-module.ts';
import { describeColumns } from '../../../functions/io/query-rows.ts';
import { parseSpec } from '../../../functions/io/spec/parse-spec.ts';
import { bindModuleStep, type ModuleToBind } from '../../../functions/stages/bind-module-step.ts';
import { JOB, withModuleBench } from './module-bench.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../../examples/modules');

type Wanted = Pick<ModuleToBind, 'kind' | 'given'> & {
  readonly filter?: string;
  readonly keys: readonly string[];
};

/** The module step of an example's spec, and the filter before it. */
const readExample = async (name: string): Promise<Wanted> => {
  const file = path.join(FOLDER, `${name}.yaml`);
  const spec = parseSpec(await readFile(file, 'utf8'), { file });
  const filter = spec.steps.find((step) => 'filter' in step)?.filter;
  const found = (kind: ModuleToBind['kind'], given: UserModule, keys: readonly string[] = []): Wanted => ({
    kind,
    given,
    keys,
    ...(filter === undefined ? {} : { filter }),
  });
  for (const step of spec.steps) {
    if ('map' in step) return found('map', step.map);
    if ('flat_map' in step) return found('flat_map', step.flat_map);
    if ('map_batches' in step) return found('map_batches', step.map_batches);
    if ('group_by' in step && step.group_by.map_groups !== undefined)
      return found('map_groups', step.group_by.map_groups, step.group_by.keys);
  }
  throw new Error(`the example ${name} has no module`);
};

/** Runs the module step of an example over its input, as a worker does. */
const runExample = (name: string, options: Record<string, unknown> = {}) =>
  withModuleBench(async ({ connection, connect, store, folder }) => {
    const wanted = await readExample(name);
    const input = `read_csv('${path.join(FOLDER, 'data', 'reviews.csv')}')`;
    const source = `(FROM ${input}${wanted.filter === undefined ? '' : ` WHERE ${wanted.filter}`})`;
    const columns = await describeColumns(connection, source);
    const keys = columns.filter((column) => wanted.keys.includes(column.name));
    const bound = await bindModuleStep(connection, { ...wanted, step: 0, path: ['steps', 0], columns, keys });
    expect(bound.problems).toEqual([]);
    if (bound.step === undefined) throw new Error('a step without problems is bound');
    const { given } = wanted;
    const bundled = await bundleModule({ folder: FOLDER, path: given.module, exports: [given.export] });
    await storeModule(store, JOB, bundled);
    const module = {
      sha256: bundled.sha256,
      export: given.export,
      path: given.module,
      options: { ...given.options, ...options },
    };
    const counts = await runModuleStep({
      connect,
      step: { ...bound.step, module },
      // The scratch folder's name keeps vitest from loading another text than the bytes.
      module: await loadModule({
        store,
        job: JOB,
        scratchDir: path.join(folder, 'node_modules', 'scratch'),
        module,
      }),
      source,
      target: 'target',
      rejects: 'rejects',
      signal: new AbortController().signal,
    });
    const rowsOf = async (table: string) =>
      (await connection.runAndReadAll(`FROM ${table}`)).getRowObjectsJson();
    return { counts, rows: await rowsOf('target'), rejects: await rowsOf('rejects') };
  });

describe('the examples of docs/modules.md', () => {
  it('clean: map', async () => {
    const { counts, rows, rejects } = await runExample('clean');
    expect(rejects).toEqual([]);
    expect(counts).toMatchObject({ read: 10, written: 10 });
    expect(rows[5]).toEqual({ id: '6', text: 'love it', month: '2026-02' });
  });

  it('words: flat_map with init', async () => {
    const { counts, rows } = await runExample('words');
    expect(counts).toEqual({ read: 10, grown: 21, written: 30, rejected: 0, dropped: 1, folded: 0 });
    expect(rows[0]).toEqual({ product: 'kettle', word: 'great' });
    expect(rows.every(({ word }) => String(word).length >= 4)).toBe(true);
  });

  it('sentiment: map_batches with a model that is loaded once', async () => {
    const { counts, rows } = await runExample('sentiment');
    expect(counts).toMatchObject({ read: 9, written: 9, rejected: 0 });
    expect(rows.filter(({ label }) => label === 'bad').map(({ id }) => id)).toEqual(['2', '3', '4', '9']);
  });

  it('journeys: map_groups', async () => {
    const { counts, rows } = await runExample('journeys');
    expect(counts).toMatchObject({ read: 10, written: 4, folded: 6 });
    expect(rows[0]).toEqual({ customer: 'ada', path: ['kettle', 'lamp', 'chair'], days: 31, change: 0 });
  });

  it('look-up: map with asynchronous calls, at most eight at once', async () => {
    let [open, most] = [0, 0];
    const server = createServer((request, response) => {
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        if (request.url === '/prices/chair') response.writeHead(503).end();
        else response.end(JSON.stringify({ price: request.url === '/prices/lamp' ? '19.90' : '35' }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo; // it listens on TCP
      const { counts, rows, rejects } = await runExample('look-up', { url: `http://127.0.0.1:${port}` });
      expect(counts).toMatchObject({ read: 10, written: 8, rejected: 2 });
      expect(rows.slice(0, 3)).toEqual([
        { id: '1', product: 'kettle', price: '35.00' },
        { id: '2', product: 'kettle', price: '35.00' },
        { id: '3', product: 'lamp', price: '19.90' },
      ]);
      expect(rejects).toMatchObject([
        {
          row: '6',
          cause: 'module_error',
          message: 'chair: the service answered 503',
          place: 'look-up.ts:17:29',
        },
        { row: '7', cause: 'module_error' },
      ]);
      expect(most).toBeLessThanOrEqual(8);
    } finally {
      server.close();
    }
  });
});
