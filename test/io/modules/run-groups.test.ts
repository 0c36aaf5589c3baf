import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutGroups } from '../../../functions/io/modules/cut-batches.ts';
import { readChunks } from '../../../functions/io/modules/read-chunks.ts';
import { queryOf, TYPE_CASES } from '../arrow/type-cases.ts';
import { withModuleBench } from './module-bench.ts';

const SUM = `import { defineMapGroups } from 'daybreak';
export default defineMapGroups((group: { keys: { k: bigint | null }; rows: { n: bigint }[] }) => ({
  k: group.keys.k,
  n: group.rows.reduce((sum, row) => sum + row.n, 0n),
}));`;

describe('map_groups', () => {
  it('gives each group once, with all of its rows, and answers as GROUP BY does', async () => {
    await withModuleBench(async ({ run, load, connection }) => {
      const module = await load(SUM);
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 6000 }),
          fc.integer({ min: 1, max: 3000 }),
          async (rows, keys) => {
            const source = `SELECT CASE WHEN hash(range) % 7 > 0 THEN (hash(range, 1) % ${keys})::BIGINT END AS k, range AS n FROM range(${rows})`;
            const ran = await run({
              kind: 'map_groups',
              source,
              module,
              keys: ['k'],
              output: { k: 'BIGINT', n: 'BIGINT' },
            });
            const expected = (
              await connection.runAndReadAll(
                `SELECT k, sum(n)::BIGINT AS n FROM (${source}) GROUP BY k ORDER BY k`,
              )
            ).getRowObjectsJson();
            expect(ran.rows).toEqual(expected);
            expect(ran.counts).toEqual({
              read: rows,
              grown: 0,
              written: expected.length,
              rejected: 0,
              dropped: 0,
              folded: rows - expected.length,
            });
          },
        ),
        { numRuns: 20, verbose: 1 },
      );
    });
  });

  it('gives the rows of a group in the order of their columns, whatever the order they came in', async () => {
    await withModuleBench(async ({ run }) => {
      const { rows } = await run({
        kind: 'map_groups',
        source: "SELECT 1 AS k, x FROM (VALUES ('c'), ('a'), (NULL), ('b')) t(x)",
        keys: ['k'],
        module:
          'export default ({ rows }: { rows: { x: string | null }[] }) => ({ all: rows.map(({ x }) => x) });',
        output: { all: 'VARCHAR[]' },
      });
      expect(rows).toEqual([{ all: ['a', 'b', 'c', null] }]);
    });
  });

  it('makes all rows one group where there are no keys, and none where there are no rows', async () => {
    await withModuleBench(async ({ run }) => {
      const module = 'export default ({ rows }: { rows: object[] }) => ({ n: rows.length });';
      const step = { kind: 'map_groups', module, output: { n: 'INTEGER' } } as const;
      expect((await run({ ...step, source: 'SELECT range AS n FROM range(3000)' })).rows).toEqual([
        { n: 3000 },
      ]);
      const none = await run({ ...step, source: 'SELECT range AS n FROM range(0)' });
      expect(none.rows).toEqual([]);
      expect(none.counts.read).toBe(0);
    });
  });

  it('counts groups that become no rows as dropped and those that become more as grown', async () => {
    await withModuleBench(async ({ run }) => {
      const { counts } = await run({
        kind: 'map_groups',
        source: 'SELECT range % 3 AS k, range AS n FROM range(30)',
        keys: ['k'],
        module: `export default function* ({ keys, rows }: { keys: { k: bigint }; rows: { n: bigint }[] }) {
  if (keys.k === 1n) yield* rows.slice(0, 3).map(({ n }) => ({ n }));
  if (keys.k === 2n) yield { n: 0n };
}`,
        output: { n: 'BIGINT' },
      });
      expect(counts).toEqual({ read: 30, grown: 2, written: 4, rejected: 0, dropped: 1, folded: 27 });
    });
  });

  it('rejects every row of a group on which the function throws', async () => {
    await withModuleBench(async ({ run }) => {
      const { counts, rejects } = await run({
        kind: 'map_groups',
        source: 'SELECT range % 3 AS k, range AS n FROM range(9)',
        keys: ['k'],
        module: `export default ({ keys }: { keys: { k: bigint } }) => {
  if (keys.k === 1n) throw new Error('one');
  return keys;
};`,
        output: { k: 'BIGINT' },
      });
      expect(counts).toEqual({ read: 9, grown: 0, written: 2, rejected: 3, dropped: 0, folded: 4 });
      expect(rejects.map(({ row, raw }) => [row, raw])).toEqual([
        ['3', '{"k":"1","n":"1"}'],
        ['4', '{"k":"1","n":"4"}'],
        ['5', '{"k":"1","n":"7"}'],
      ]);
    });
  });

  it.each(Object.keys(TYPE_CASES))(
    'finds the groups that GROUP BY finds among values of %s',
    async (type) => {
      await withModuleBench(async ({ connection, connect }) => {
        const once = queryOf(type, TYPE_CASES[type] ?? []);
        const values = type === 'DOUBLE' ? `(${once} UNION ALL SELECT 0.0::DOUBLE)` : `(${once})`;
        const source = `SELECT v, range AS n FROM ${values} t, range(3) ORDER BY ALL`;
        const sizes: number[] = [];
        const reader = await connect();
        for await (const groups of cutGroups(readChunks(reader, source), { width: 2, keys: 1 }))
          sizes.push(...groups.map(({ rows }) => rows));
        reader.closeSync();
        const expected = await connection.runAndReadAll(
          `SELECT count(*)::INTEGER FROM (${source}) GROUP BY v ORDER BY v`,
        );
        expect(sizes).toEqual(expected.getRows().map(([rows]) => rows));
      });
    },
  );

  it('finds intervals of one length equal, as GROUP BY does', async () => {
    await withModuleBench(async ({ connection, connect }) => {
      const part = fc.integer({ min: -70, max: 70 });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(part, part, part), { minLength: 1, maxLength: 40 }),
          async (intervals) => {
            const values = intervals.map(
              ([months, days, hours]) =>
                `(to_months(${months}) + to_days(${days}) + to_hours(${hours * 12}))`,
            );
            const source = `SELECT unnest([${values.join(', ')}]) AS v`;
            const reader = await connect();
            let groups = 0;
            for await (const cut of cutGroups(readChunks(reader, `${source} ORDER BY ALL`), {
              width: 1,
              keys: 1,
            }))
              groups += cut.length;
            reader.closeSync();
            const found = await connection.runAndReadAll(
              `SELECT count(*)::INTEGER FROM (SELECT v FROM (${source}) GROUP BY v)`,
            );
            expect([groups]).toEqual(found.getRows()[0]);
          },
        ),
        { numRuns: 30, verbose: 1 },
      );
    });
  });

  it('fails by name at a group that is larger than the limit', async () => {
    await withModuleBench(async ({ connect }) => {
      const reader = await connect();
      const chunks = readChunks(reader, 'SELECT 1 AS k FROM range(10000)');
      const limit = { rows: 5000, bytes: 1e9 };
      const cut = async () => {
        for await (const _ of cutGroups(chunks, { width: 1, keys: 1, limit }));
      };
      await expect(cut()).rejects.toMatchObject({
        name: 'LimitError',
        message: expect.stringContaining('a group of map_groups: found at least 5001 rows'),
      });
      reader.closeSync();
    });
  });
});
