import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuckDBType } from '../../../functions/io/arrow/type-text.ts';
import { createCellReader } from '../../../functions/io/modules/read-cell.ts';
import { createCellWriter } from '../../../functions/io/modules/write-cell.ts';
import { randomColumn } from '../arrow/random-columns.ts';
import { queryOf, TYPE_CASES } from '../arrow/type-cases.ts';
import { withModuleBench } from './module-bench.ts';

const REFUSED = new Set(['BIGNUM']);
const IDENTITY = 'export default (row: { v: unknown }) => row;';

/** Rows that are in one of the two tables and not in the other, as often as they are there. */
const difference = (left: string, right: string): string =>
  `SELECT count(*) FROM ((FROM (${left}) EXCEPT ALL FROM (${right})) UNION ALL (FROM (${right}) EXCEPT ALL FROM (${left})))`;

describe('values of modules', () => {
  it.each(Object.keys(TYPE_CASES).filter((type) => !REFUSED.has(type)))(
    'brings every value of %s through a function and back',
    async (type) => {
      await withModuleBench(async ({ run, connection }) => {
        const source = queryOf(type, TYPE_CASES[type] ?? []);
        const { counts, rejects } = await run({
          module: IDENTITY,
          source,
          output: { v: type },
          target: 'back',
        });
        expect(rejects).toEqual([]);
        expect(counts.written).toBe(TYPE_CASES[type]?.length);
        const text = (from: string) => `SELECT v::VARCHAR AS v FROM (${from})`;
        const reader = await connection.runAndReadAll(difference(text(source), text('FROM back')));
        expect(reader.getRows()).toEqual([[0n]]);
      });
    },
  );

  it('brings random nested values through a function and back', async () => {
    await withModuleBench(async ({ run, load, connection }) => {
      const module = await load(IDENTITY);
      let turn = 0;
      await fc.assert(
        fc.asyncProperty(randomColumn, async ({ type, expression }) => {
          turn += 1;
          const source = `SELECT ${expression} AS v FROM range(300) t(i)`;
          const { rejects } = await run({ module, source, output: { v: type }, target: `back_${turn}` });
          expect(rejects).toEqual([]);
          const reader = await connection.runAndReadAll(difference(source, `FROM back_${turn}`));
          expect(reader.getRows()).toEqual([[0n]]);
        }),
        { numRuns: 25, verbose: 1 },
      );
    });
  });

  it.each(['BIGNUM', 'STRUCT("__proto__" INTEGER)', 'BIGNUM[]'])(
    'refuses %s by name in both directions',
    (type) => {
      for (const create of [createCellReader, createCellWriter])
        expect(() => create(parseDuckDBType(type))).toThrow(/has the type .* cannot cross between stages/);
    },
  );

  it('gives a function the JavaScript values that docs/modules.md lists', async () => {
    await withModuleBench(async ({ load, run }) => {
      const seen: unknown[] = [];
      const module = await load('export default (row: { v: unknown }) => row;');
      const source = `SELECT 1::TINYINT AS a, 2::BIGINT AS b, 1.50::DECIMAL(5,2) AS c, DATE '1970-01-02' AS d,
        TIMESTAMP '1970-01-01 00:00:01.5' AS e, TIMESTAMP_S '1970-01-01 00:00:01' AS f, [1, NULL] AS g,
        {'x': 1, 'y': NULL} AS h, MAP {'k': 1} AS i, '\\xAA'::BLOB AS j, INTERVAL '1 month 2 days' AS k,
        TIME '00:00:01' AS l, '12:00:00+02'::TIMETZ AS m, NULL::INTEGER AS n, '0101'::BIT AS o,
        TIMESTAMP_NS '1970-01-01 00:00:00.000000001' AS p, 'infinity'::TIMESTAMP_S AS q,
        'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'::UUID AS r, 'a'::ENUM('a', 'b') AS s`;
      await run({
        module: {
          ...module,
          call: (row) => {
            seen.push(row);
            return { z: null };
          },
        },
        source,
        output: { z: 'INTEGER' },
      });
      expect(seen).toEqual([
        {
          a: 1,
          b: 2n,
          c: '1.50',
          d: 1,
          e: 1_500_000n,
          f: 1_000_000n,
          g: [1, null],
          h: { x: 1, y: null },
          i: new Map([['k', 1]]),
          j: new Uint8Array([0xaa]),
          k: { months: 1, days: 2, micros: 0n },
          l: 1_000_000n,
          m: { micros: 43_200_000_000n, offset: 7200 },
          n: null,
          o: '0101',
          p: 1n,
          q: 2n ** 63n - 1n,
          r: 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
          s: 'a',
        },
      ]);
    });
  });
});

describe('what a function returns', () => {
  const write = (type: string, value: unknown) => createCellWriter(parseDuckDBType(type))(value);

  it.each([
    ['INTEGER', 3n, '3'],
    ['INTEGER', -0, '0'],
    ['BIGINT', 5, '5'],
    ['HUGEINT', -(2n ** 127n), String(-(2n ** 127n))],
    ['DECIMAL(5,2)', '-1.5', '-1.50'],
    ['DECIMAL(5,2)', '1.500', '1.50'],
    ['DECIMAL(5,2)', 12, '12.00'],
    ['DECIMAL(5,2)', 12n, '12.00'],
    ['TIMESTAMP', new Date(1500), '1970-01-01 00:00:01.5'],
    ['TIMESTAMP_MS', new Date(1500), '1970-01-01 00:00:01.5'],
    ['INTEGER[]', new Int32Array([1, 2]), '[1, 2]'],
    ['BLOB', Buffer.from([0xaa, 0x61]), '\\xAAa'],
    ['JSON', '{"a": 1}', '{"a": 1}'],
  ])('takes for %s what is exact: %o', (type, value, text) => {
    expect(String(write(type, value))).toBe(text);
  });

  it.each([
    ['TINYINT', 128, /beyond its range/],
    ['UTINYINT', -1, /beyond its range/],
    ['INTEGER', 1.5, /found a number with a fraction/],
    ['INTEGER', Number.NaN, /found NaN/],
    ['INTEGER', '1', /found a string/],
    ['BIGINT', 2 ** 53, /found a whole number/],
    ['BIGINT', 2n ** 63n, /beyond its range/],
    ['UHUGEINT', 2n ** 128n, /beyond its range/],
    ['DOUBLE', 1n, /found a bigint/],
    ['FLOAT', 1e300, /beyond its range/],
    ['DECIMAL(5,2)', '1.234', /more than 2 decimals/],
    ['DECIMAL(5,2)', '1000', /beyond its range/],
    ['DECIMAL(5,2)', '1e2', /such as "-12.50"/],
    ['DECIMAL(5,2)', 1.5, /found a number with a fraction/],
    ['BOOLEAN', 1, /expected BOOLEAN/],
    ['VARCHAR', 1, /expected VARCHAR, found a whole number/],
    ['VARCHAR', '\ud83d', /half of a surrogate pair/],
    ['VARCHAR', undefined, /write null for NULL/],
    ['VARCHAR', Symbol('s'), /found a symbol/],
    ['VARCHAR', () => 'x', /found a function/],
    ['JSON', '{', /not JSON/],
    ['BLOB', [1], /expected BLOB as Uint8Array, found an array of 1/],
    ['DATE', '2020-01-01', /days since 1970-01-01/],
    ['TIMESTAMP', '2020-01-01', /microseconds since 1970-01-01/],
    ['TIMESTAMP', new Date('never'), /found a Date/],
    ['TIMESTAMP', -(2n ** 63n), /beyond its range/],
    ['TIMESTAMP_S', 1_500_000n, /between two/],
    ['TIME', 86_400_000_001n, /beyond its range/],
    ['INTERVAL', { months: 1, days: 2 }, /found undefined/],
    ['UUID', 'f81d4fae', /expected UUID/],
    ["ENUM('a')", 'b', /one of the 1 texts/],
    ['INTEGER[]', { length: 2 }, /expected a list as an array, found an object/],
    ['INTEGER[2]', [1], /expected an array of 2, found an array of 1/],
    ['STRUCT(a INTEGER)', [1], /expected a struct as an object/],
    ['STRUCT(a INTEGER)', { b: 1 }, /field is missing/],
    ['STRUCT(a INTEGER)', { a: 1, b: 1 }, /does not declare/],
    ['MAP(VARCHAR, INTEGER)', { a: 1 }, /expected a map as a Map/],
    ['MAP(VARCHAR, INTEGER)', new Map([[null, 1]]), /a key is null/],
    [
      'MAP(BIGINT, INTEGER)',
      new Map<unknown, number>([
        [1, 1],
        [1n, 2],
      ]),
      /two keys are equal/,
    ],
    [
      'MAP(FLOAT, INTEGER)',
      new Map([
        [0.1, 1],
        [Math.fround(0.1), 2],
      ]),
      /two keys are equal/,
    ],
    [
      'MAP(DOUBLE[], INTEGER)',
      new Map([
        [[0], 1],
        [[-0], 2],
      ]),
      /two keys are equal/,
    ],
    [
      'MAP(INTERVAL, INTEGER)',
      new Map([
        [{ months: 1, days: 0, micros: 0n }, 1],
        [{ months: 0, days: 30, micros: 0n }, 2],
      ]),
      /two keys are equal/,
    ],
  ])('rejects for %s what is not: %o', (type, value, message) => {
    expect(() => write(type, value)).toThrow(message);
  });

  it('takes keys of a map that only look alike', () => {
    const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
    const map = new Map([
      [bytes('\0'), 1],
      [bytes('\\x00'), 2],
    ]);
    expect(() => write('MAP(BLOB, INTEGER)', map)).not.toThrow();
  });
});
