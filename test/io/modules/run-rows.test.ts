import { describe, expect, it } from 'vitest';
import { withModuleBench } from './module-bench.ts';

const NUMBERS = 'SELECT range AS n FROM range(10)';

describe('map', () => {
  it('replaces all columns by those that the function returns, in the order of the rows', async () => {
    await withModuleBench(async ({ run }) => {
      const { counts, rows } = await run({
        source: "SELECT range AS n, 'x' AS other FROM range(5000)",
        module: 'export default (row: { n: bigint }) => ({ double: row.n * 2n });',
        output: { double: 'BIGINT' },
      });
      expect(rows.map(({ double }) => Number(double))).toEqual(Array.from({ length: 5000 }, (_, n) => n * 2));
      expect(Object.keys(rows[0] ?? {})).toEqual(['double']);
      expect(counts).toEqual({ read: 5000, grown: 0, written: 5000, rejected: 0, dropped: 0, folded: 0 });
    });
  });

  it('keeps the order of rows whose calls end in another one', async () => {
    await withModuleBench(async ({ run, load }) => {
      const module = await load('export default (row: { n: bigint }) => row;');
      const waiting: (() => void)[] = [];
      // Ends the calls that are open last first, four at a time.
      const call = (row: unknown) =>
        new Promise((resolve) => {
          waiting.push(() => resolve(row));
          if (waiting.length === 4) for (const end of waiting.splice(0).reverse()) end();
        });
      const { rows } = await run({
        source: 'SELECT range AS n FROM range(100)',
        module: { ...module, call },
        output: { n: 'BIGINT' },
        concurrency: 4,
      });
      expect(rows.map(({ n }) => Number(n))).toEqual(Array.from({ length: 100 }, (_, n) => n));
    });
  });

  it('opens at most as many calls at once as concurrency says, and as many where there are rows', async () => {
    await withModuleBench(async ({ run, load }) => {
      const module = await load('export default (row: { n: bigint }) => row;');
      let [open, most] = [0, 0];
      const call = async (row: unknown) => {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        return row;
      };
      await run({
        source: 'SELECT range AS n FROM range(200)',
        module: { ...module, call },
        output: { n: 'BIGINT' },
        concurrency: 7,
      });
      expect(most).toBe(7);
    });
  });

  it('rejects the rows on which the function throws, with the place in the source and the row', async () => {
    await withModuleBench(async ({ run }) => {
      const { counts, rows, rejects } = await run({
        source: NUMBERS,
        module: `type Row = { n: bigint };
export default (row: Row) => {
  if (row.n % 4n === 3n) throw new RangeError('three of four');
  return row;
};`,
        output: { n: 'BIGINT' },
      });
      expect(rows.map(({ n }) => n)).toEqual(['0', '1', '2', '4', '5', '6', '8', '9']);
      expect(counts).toMatchObject({ read: 10, written: 8, rejected: 2 });
      expect(rejects[0]).toEqual({
        step: 3,
        row: '3',
        column: null,
        cause: 'module_error',
        error: 'RangeError',
        place: 'module.ts:3:32',
        message: 'three of four',
        raw: '{"n":"3"}',
        answer: null,
      });
      expect(rejects[1]).toMatchObject({ row: '7', raw: '{"n":"7"}' });
    });
  });

  it('fails with what onReject throws, and calls the function no more', async () => {
    await withModuleBench(async ({ run, load }) => {
      const module = await load('export default () => ({});');
      let calls = 0;
      const call = () => {
        calls += 1;
        throw new Error('no');
      };
      const onReject = (_: unknown, rejected: number): void => {
        if (rejected === 3) throw new Error('too many');
      };
      const source = 'SELECT range AS n FROM range(100000)';
      await expect(
        run({ source, module: { ...module, call }, output: { n: 'BIGINT' }, onReject }),
      ).rejects.toThrow('too many');
      expect(calls).toBe(3);
    });
  });

  it('fails with the reason of its signal, and aborts the calls that are open', async () => {
    await withModuleBench(async ({ run, load }) => {
      const module = await load('export default () => ({});');
      const cancel = new AbortController();
      const aborted: string[] = [];
      const call = (_: unknown, __: unknown, info: unknown) =>
        new Promise(() => {
          const { signal } = info as { readonly signal: AbortSignal };
          signal.addEventListener('abort', () => aborted.push(String(signal.reason.message)));
          setImmediate(() => cancel.abort(new Error('cancelled')));
        });
      await expect(
        run({
          source: NUMBERS,
          module: { ...module, call },
          output: { n: 'BIGINT' },
          concurrency: 2,
          signal: cancel.signal,
        }),
      ).rejects.toThrow('cancelled');
      expect(aborted).toEqual(['the step has ended', 'the step has ended']);
    });
  });

  it('fails with the error of the engine where the query before it fails', async () => {
    await withModuleBench(async ({ run }) => {
      const source =
        "SELECT CAST(CASE WHEN range = 5000 THEN 'x' ELSE '1' END AS INTEGER) AS n FROM range(6000)";
      const module = 'export default (row: object) => row;';
      await expect(run({ source, module, output: { n: 'INTEGER' } })).rejects.toThrow(/Could not convert/);
    });
  });

  it('refuses a connection that is not in UTC', async () => {
    await withModuleBench(async ({ run, connection }) => {
      await connection.run("SET GLOBAL TimeZone = 'Asia/Tokyo'");
      const module = 'export default (row: object) => row;';
      await expect(run({ source: NUMBERS, module, output: { n: 'BIGINT' } })).rejects.toThrow(/not in UTC/);
    });
  });
});

describe('flat_map', () => {
  it('makes any number of rows of one, and counts none as dropped and more as grown', async () => {
    await withModuleBench(async ({ run }) => {
      const { counts, rows } = await run({
        kind: 'flat_map',
        source: 'SELECT range::INTEGER AS n FROM range(5)',
        module: `export default (row: { n: number }) => Array.from({ length: row.n }, (_, i) => ({ n: row.n, i }));`,
        output: { n: 'INTEGER', i: 'INTEGER' },
      });
      expect(rows).toHaveLength(10);
      expect(rows.slice(0, 3)).toEqual([
        { n: 1, i: 0 },
        { n: 2, i: 0 },
        { n: 2, i: 1 },
      ]);
      expect(counts).toEqual({ read: 5, grown: 6, written: 10, rejected: 0, dropped: 1, folded: 0 });
    });
  });

  it.each([
    ['a generator', 'export default function* (row: { n: number }) { yield row; yield row; }'],
    ['an async generator', 'export default async function* (row: { n: number }) { yield row; yield row; }'],
    ['a promise of an array', 'export default async (row: { n: number }) => [row, row];'],
    ['a Set', 'export default (row: { n: number }) => new Set([row, { ...row }]);'],
    [
      'a generator that changes one object',
      'export default function* (row: { n: number }) { const o = { n: row.n }; yield o; yield o; o.n = -1; }',
    ],
  ])('takes %s', async (_, module) => {
    await withModuleBench(async ({ run }) => {
      const source = 'SELECT range::INTEGER AS n FROM range(3)';
      const { rows } = await run({ kind: 'flat_map', source, module, output: { n: 'INTEGER' } });
      expect(rows.map(({ n }) => n)).toEqual([0, 0, 1, 1, 2, 2]);
    });
  });

  it('rejects the whole row where one of its rows does not fit, and writes none of them', async () => {
    await withModuleBench(async ({ run }) => {
      const { counts, rejects } = await run({
        kind: 'flat_map',
        source: 'SELECT 1 AS n',
        module: `export default () => [{ n: 1 }, { n: 'two' }];`,
        output: { n: 'INTEGER' },
      });
      expect(counts).toMatchObject({ written: 0, rejected: 1, grown: 0 });
      expect(rejects[0]).toMatchObject({
        cause: 'module_output',
        column: 'n',
        message: 'row 1 of those returned, column "n": expected INTEGER, found a string',
      });
    });
  });

  it.each([
    ['null', 'null', 'found null'],
    ['a row', '({ n: 1 })', 'found an object'],
    ['a text', '"abc"', 'found a string'],
  ])('rejects %s, which is no rows', async (_, value, message) => {
    await withModuleBench(async ({ run }) => {
      const module = `export default () => ${value};`;
      const { rejects } = await run({
        kind: 'flat_map',
        source: 'SELECT 1 AS n',
        module,
        output: { n: 'INTEGER' },
      });
      expect(rejects).toMatchObject([{ cause: 'module_output', message: expect.stringContaining(message) }]);
    });
  });

  it('rejects a generator that never ends', async () => {
    await withModuleBench(async ({ run }) => {
      const module = 'const row = { n: 1 }; export default function* () { for (;;) yield row; }';
      const { counts, rejects } = await run({
        kind: 'flat_map',
        source: 'SELECT 1 AS n',
        module,
        output: { n: 'INTEGER' },
      });
      expect(counts).toMatchObject({ written: 0, rejected: 1 });
      expect(rejects[0]).toMatchObject({ message: 'expected at most 1000000 rows of one call' });
    });
  });
});
