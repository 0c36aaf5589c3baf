import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withModuleBench } from './module-bench.ts';

const DOUBLE = `import { defineMapBatches } from 'daybreak';
export default defineMapBatches((batch: { n: number[] }) => ({ double: batch.n.map((n) => n * 2) }));`;
const source = 'SELECT range::INTEGER AS n FROM range(5000)';

describe('map_batches', () => {
  it('hands over batches of the wanted size and keeps the order', async () => {
    await withModuleBench(async ({ run, load }) => {
      const module = await load(DOUBLE);
      const sizes: number[] = [];
      const call = (batch: unknown, ...rest: [unknown, unknown]) => {
        sizes.push((batch as { n: number[] }).n.length);
        return module.call(batch, ...rest);
      };
      const { counts, rows } = await run({
        kind: 'map_batches',
        source,
        module: { ...module, call },
        output: { double: 'INTEGER' },
        batchRows: 3000,
      });
      expect(sizes).toEqual([3000, 2000]);
      expect(rows.map(({ double }) => double)).toEqual(Array.from({ length: 5000 }, (_, n) => n * 2));
      expect(counts).toEqual({ read: 5000, grown: 0, written: 5000, rejected: 0, dropped: 0, folded: 0 });
    });
  });

  it('takes typed arrays', async () => {
    await withModuleBench(async ({ run }) => {
      const { rows } = await run({
        kind: 'map_batches',
        source: 'SELECT range::INTEGER AS n FROM range(3)',
        module:
          'export default (b: { n: number[] }) => ({ x: Float64Array.from(b.n), y: BigInt64Array.from(b.n.map(BigInt)) });',
        output: { x: 'DOUBLE', y: 'BIGINT' },
      });
      expect(rows).toEqual([
        { x: 0, y: '0' },
        { x: 1, y: '1' },
        { x: 2, y: '2' },
      ]);
    });
  });

  it('finds the rows on which a batch throws, and keeps the others', async () => {
    await withModuleBench(async ({ run, load }) => {
      const module = await load(DOUBLE);
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.nat(999), { maxLength: 8 }),
          fc.integer({ min: 1, max: 600 }),
          fc.boolean(),
          async (bad, batchRows, isAsync) => {
            const throwing = (batch: unknown, ...rest: [unknown, unknown]) => {
              if ((batch as { n: number[] }).n.some((n) => bad.includes(n))) throw new Error('bad');
              return module.call(batch, ...rest);
            };
            const call = isAsync
              ? async (...args: Parameters<typeof throwing>) => throwing(...args)
              : throwing;
            const { counts, rows, rejects } = await run({
              kind: 'map_batches',
              source: 'SELECT range::INTEGER AS n FROM range(1000)',
              module: { ...module, call },
              output: { double: 'INTEGER' },
              batchRows,
            });
            const sorted = bad.toSorted((left, right) => left - right);
            expect(rejects.map(({ row }) => Number(row))).toEqual(sorted);
            expect(rejects.map(({ raw }) => raw)).toEqual(sorted.map((n) => `{"n":${n}}`));
            const good = Array.from({ length: 1000 }, (_, n) => n).filter((n) => !bad.includes(n));
            expect(rows.map(({ double }) => double)).toEqual(good.map((n) => n * 2));
            expect(counts).toMatchObject({ read: 1000, written: good.length, rejected: bad.length });
          },
        ),
        { numRuns: 20, verbose: 1 },
      );
    });
  });

  it('stops looking for bad rows after a bounded number of calls', async () => {
    await withModuleBench(async ({ run, load }) => {
      const module = await load(DOUBLE);
      let calls = 0;
      const call = () => {
        calls += 1;
        throw new Error('all bad');
      };
      const { counts } = await run({
        kind: 'map_batches',
        source,
        module: { ...module, call },
        output: { double: 'INTEGER' },
        batchRows: 5000,
      });
      expect(counts).toMatchObject({ read: 5000, written: 0, rejected: 5000 });
      expect(calls).toBe(257);
    });
  });

  it('rejects only the row whose value does not fit', async () => {
    await withModuleBench(async ({ run }) => {
      const { counts, rejects } = await run({
        kind: 'map_batches',
        source: 'SELECT range::INTEGER AS n FROM range(100)',
        module: `export default (b: { n: number[] }) => ({ x: b.n.map((n) => (n === 42 ? 'x' : n)) });`,
        output: { x: 'INTEGER' },
      });
      expect(counts).toMatchObject({ written: 99, rejected: 1 });
      expect(rejects).toMatchObject([{ row: '42', column: 'x', cause: 'module_output', raw: '{"n":42}' }]);
    });
  });

  it.each([
    [
      'a column that is too short',
      '({ x: b.n.slice(1) })',
      'column "x": expected an array of 1, found one of 0',
    ],
    ['a missing column', '({})', 'column "x": the column is missing'],
    ['an extra column', '({ x: b.n, y: b.n })', 'a column that output does not declare; the first: "y"'],
    ['no array', '({ x: 1 })', 'column "x": expected an array of 1, found a whole number'],
    ['rows', 'b.n.map((x) => ({ x }))', 'expected columns as an object of arrays, found an array of 1'],
  ])('rejects every row of %s', async (_, returned, message) => {
    await withModuleBench(async ({ run }) => {
      const { counts, rejects } = await run({
        kind: 'map_batches',
        source: 'SELECT range::INTEGER AS n FROM range(4)',
        module: `export default (b: { n: number[] }) => (${returned});`,
        output: { x: 'INTEGER' },
      });
      expect(counts).toMatchObject({ read: 4, written: 0, rejected: 4 });
      expect(rejects[0]).toMatchObject({ cause: 'module_output', message });
    });
  });

  it('rejects a whole batch that took too long, and does not call it again', async () => {
    await withModuleBench(async ({ run, load }) => {
      const module = await load(DOUBLE);
      let calls = 0;
      const call = () => {
        calls += 1;
        return new Promise(() => undefined);
      };
      const { counts, rejects } = await run({
        kind: 'map_batches',
        source: 'SELECT range::INTEGER AS n FROM range(4)',
        module: { ...module, call },
        output: { double: 'INTEGER' },
        timeoutSeconds: 0.02,
      });
      expect(calls).toBe(1);
      expect(counts).toMatchObject({ read: 4, rejected: 4 });
      expect(rejects[0]).toMatchObject({ cause: 'module_timeout' });
    });
  });
});
