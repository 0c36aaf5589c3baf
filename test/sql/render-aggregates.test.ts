import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SQL_FUNCTIONS } from '../../functions/contract/sql-functions.ts';
import { quoteIdentifier } from '../../functions/sql/quote.ts';
import { renderFinal, renderPartial } from '../../functions/sql/render-aggregates.ts';
import { inSession } from '../io/expression-session.ts';
import { TYPE_NAMES, type TypeName, VALUE_TYPES } from '../oracle/value-types.ts';
import {
  type BoundQuery,
  bindQuery,
  differences,
  type GroupQuery,
  type Layout,
  runParts,
} from './decomposed-query.ts';

const SEED = Number(process.env.SEED ?? 20_261_122);
/** Tables of each type; SEED and ROUNDS in the environment try others, and more. */
const ROUNDS = Number(process.env.ROUNDS ?? 1);

const layouts: fc.Arbitrary<Layout> = fc.record({
  parts: fc.array(fc.constantFrom('partial', 'single'), { minLength: 1, maxLength: 6 }),
});

type Table = {
  readonly types: Readonly<Record<string, TypeName>>;
  readonly rows: number;
  readonly groups: number;
  readonly seed: number;
};

/** Fills `rows` with random values of the types, a tenth of them NULL; the last part of several stays empty. */
const makeRows = async (
  connection: DuckDBConnection,
  table: Table,
  parts: number,
): Promise<GroupQuery['columns']> => {
  const columns = [
    { name: 'k', type: 'INTEGER' },
    ...Object.entries(table.types).map(([name, type]) => ({ name, type: VALUE_TYPES[type].type })),
  ];
  const cells = Object.values(table.types).map((type) =>
    fc.option(VALUE_TYPES[type].value, { nil: 'NULL', freq: 9 }),
  );
  const used = Math.max(1, parts - 1);
  const arbitrary = fc.tuple(fc.nat(table.groups - 1), fc.nat(used - 1), ...cells);
  const sample = fc.sample(arbitrary, { numRuns: table.rows, seed: table.seed });
  const declared = [...columns, { name: 'part', type: 'INTEGER' }].map(
    ({ name, type }) => `${quoteIdentifier(name)} ${type}`,
  );
  await connection.run(`CREATE OR REPLACE TABLE rows (${declared.join(', ')})`);
  if (sample.length > 0)
    await connection.run(
      `INSERT INTO rows VALUES ${sample.map(([k, part, ...values]) => `(${[k, ...values, part].join(', ')})`).join(', ')}`,
    );
  return columns;
};

/** Whether the engine computes the query: where it fails, for what; the parts must fail then too. */
const failureOf = async (run: () => Promise<unknown>): Promise<string | undefined> => {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const judgeCase = async (
  connection: DuckDBConnection,
  query: BoundQuery,
  layout: Layout,
): Promise<readonly string[]> => {
  const whole = await failureOf(() => connection.run(query.direct));
  const parts = await failureOf(() => runParts(connection, query, layout));
  // Whether a sum of extreme HUGEINTs overflows on its way depends on the order, in the engine too.
  if (/Overflow in HUGEINT/.test(whole ?? parts ?? '')) return [];
  if (whole !== undefined || parts !== undefined)
    return (whole === undefined) === (parts === undefined)
      ? []
      : [`the whole: ${whole}; the parts: ${parts}`];
  return differences(connection, query);
};

const kindOf = (type: TypeName): string => VALUE_TYPES[type].kind;
const isNumeric = (type: TypeName): boolean => ['integer', 'decimal', 'float'].includes(kindOf(type));
const isWild = (type: TypeName): boolean => ['float', 'double', 'extremeDouble'].includes(type);
const isMoment = (type: TypeName): boolean =>
  ['moment', 'time', 'interval'].includes(kindOf(type)) && type !== 'date';

type Calls = { readonly takes: (type: TypeName) => boolean; readonly texts: string; readonly noise?: string };

/** Calls, a line each, by the types that they take: `v` is of the type, `w` a DOUBLE, `o` an integer to order by. */
const CALLS: readonly Calls[] = [
  {
    takes: () => true,
    texts: `
      count(*)
      count_star()
      count(v)
      min(v)
      max(v)
      min(v, 2)
      max(v, 3)
      min(DISTINCT v)
      max(DISTINCT v, 3)
      count(DISTINCT v)
      list(v ORDER BY o)
      array_agg(v ORDER BY o)
      first(v ORDER BY o)
      last(v ORDER BY o)
      any_value(v ORDER BY o)
      arbitrary(v ORDER BY o)
      mode(v ORDER BY o)
      arg_min(v, w ORDER BY o)
      arg_max(v, w ORDER BY o)
      argmin(v, w ORDER BY o)
      argmax(v, w ORDER BY o)
      min_by(v, w ORDER BY o)
      max_by(v, w ORDER BY o)
      max_by(v, w, 2 ORDER BY o)
      arg_min_null(v, w ORDER BY o)
      arg_max_null(v, w ORDER BY o)
      arg_min_nulls_last(v, w ORDER BY o)
      arg_max_nulls_last(v, w ORDER BY o)
      string_agg(v::VARCHAR, '|' ORDER BY o)
      group_concat(v::VARCHAR, '|' ORDER BY o)
      listagg(v::VARCHAR, '|' ORDER BY o)
      quantile_disc(v, 0.3)
      entropy(v)`,
  },
  // Intervals that are equal and look different, in lists, are put in one order or another by DuckDB.
  { takes: (type) => type !== 'intervals', texts: 'list(DISTINCT v ORDER BY v)' },
  {
    takes: (type) => !['list', 'struct', 'map', 'interval'].includes(kindOf(type)),
    texts: 'approx_count_distinct(v)',
  },
  {
    // The engine's histogram depends on the order of rows where there is a NaN.
    takes: (type) => !['list', 'struct', 'map', 'interval'].includes(kindOf(type)) && !isWild(type),
    texts: 'histogram(v)',
  },
  {
    takes: isNumeric,
    texts: `
      favg(v)
      fsum(v)
      kahan_sum(v)
      sumkahan(v)
      regr_avgy(v, w)`,
    noise: 'sum(abs(v::DOUBLE))',
  },
  {
    takes: isNumeric,
    texts: `
      sum(v)
      avg(v)
      mean(v)
      var_pop(v)
      var_samp(v)
      variance(v)
      stddev(v)
      stddev_pop(v)
      stddev_samp(v)
      sem(v)
      regr_avgx(v, w)
      regr_count(v, w)
      regr_sxx(v, w)
      regr_syy(v, w)
      wavg(v, w)
      weighted_avg(v, w)
      geomean(abs(v::DOUBLE) + 1)
      geometric_mean(abs(v::DOUBLE) + 1)
      sum(DISTINCT v)
      median(v)
      quantile(v, 0.4)
      quantile_cont(v, [0.1, 0.5])
      mad(v)`,
  },
  {
    takes: isNumeric,
    texts: `
      skewness(v)
      kurtosis(v)
      kurtosis_pop(v)
      corr(v, w)
      regr_r2(v, w)`,
    noise: '1',
  },
  {
    // With infinite values the engine's own result depends on the order of rows.
    takes: (type) => isNumeric(type) && !isWild(type),
    texts: `
      product(v)
      covar_pop(v, w)
      covar_samp(w, v)
      regr_slope(w, v)
      regr_intercept(v, w)
      regr_sxy(v, w)`,
    noise: 'sum(abs(v::DOUBLE))',
  },
  {
    takes: (type) => kindOf(type) === 'integer',
    texts: `
      bit_and(v)
      bit_or(v)
      bit_xor(v)
      bit_or(DISTINCT v)`,
  },
  {
    takes: (type) => kindOf(type) === 'boolean',
    texts: `
      bool_and(v)
      bool_or(v)
      count_if(v)
      countif(v)
      sum(v)`,
  },
  { takes: isMoment, texts: 'avg(v)' },
  {
    takes: (type) => type === 'utinyint',
    texts: `
      bitstring_agg(v, 0, 255)
      bitstring_agg(v, 0, 300)
      histogram_exact(v, [0, 1, 50])`,
  },
];

const linesOf = (texts: string): readonly string[] =>
  texts
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
const textsFor = (type: TypeName): readonly string[] =>
  CALLS.filter(({ takes }) => takes(type)).flatMap(({ texts }) => linesOf(texts));
const isMacro = (text: string): boolean => /^(wavg|weighted_avg|geomean|geometric_mean)\(/.test(text);
const filtered = (text: string): readonly string[] =>
  isMacro(text) ? [text] : [text, `${text} FILTER (WHERE b)`];
const noise = new Map(
  CALLS.flatMap(({ texts, noise: size }) =>
    size === undefined
      ? []
      : linesOf(texts)
          .flatMap(filtered)
          .map((text) => [text, size] as const),
  ),
);

/** Whether a text has partial results: such calls are asked for together, and the others together. */
const isAlgebraic = (text: string): boolean => {
  const known = SQL_FUNCTIONS.get(/^\w+/.exec(text)?.[0] ?? '');
  return known?.kind === 'aggregate' && known.merge === 'algebraic' && !/DISTINCT|ORDER BY/.test(text);
};

/** The differences of all texts: at once, or one by one where the engine cannot compute them all. */
const judgeTexts = async (
  connection: DuckDBConnection,
  group: Omit<GroupQuery, 'outputs' | 'noise'>,
  texts: readonly string[],
  layout: Layout,
): Promise<readonly string[]> => {
  if (texts.length === 0) return [];
  const query = await bindQuery(connection, { ...group, outputs: texts.flatMap(filtered), noise });
  if (texts.length > 1 && (await failureOf(() => connection.run(query.direct))) !== undefined) {
    const each = [];
    for (const text of texts) each.push(...(await judgeTexts(connection, group, [text], layout)));
    return each;
  }
  return judgeCase(connection, query, layout);
};

describe('a group_by by parts', () => {
  it('is tried with every aggregate of the allow-list', () => {
    const tested = new Set(TYPE_NAMES.flatMap(textsFor).map((text) => /^\w+/.exec(text)?.[0]));
    const known = [...SQL_FUNCTIONS].filter(([, { kind }]) => kind === 'aggregate').map(([name]) => name);
    expect(known.filter((name) => !tested.has(name))).toEqual([]);
  });

  it.each(TYPE_NAMES)('is the whole, for every aggregate of a column of type %s', async (type) => {
    const seed = SEED + TYPE_NAMES.indexOf(type);
    const texts = textsFor(type);
    await inSession(async (connection) => {
      const found: string[] = [];
      for (const [round, layout] of fc.sample(layouts, { numRuns: ROUNDS, seed }).entries()) {
        const types = { v: type, w: 'finiteDouble', o: 'integer', b: 'boolean' } as const;
        const rows = [60, 9, 1, 0, 200][round % 5] ?? 0;
        const columns = await makeRows(
          connection,
          { types, rows, groups: 4, seed: seed + round },
          layout.parts.length,
        );
        const group = { columns, keys: (seed + round) % 3 === 0 ? [] : ['k'] };
        for (const some of [texts.filter(isAlgebraic), texts.filter((text) => !isAlgebraic(text))]) {
          const wrong = await judgeTexts(connection, group, some, layout);
          found.push(...wrong.map((each) => `${JSON.stringify(layout)}: ${each}`));
        }
      }
      expect({ seed, found }).toEqual({ seed, found: [] });
    });
  });

  const MIXED = [
    'max(x) - min(y)',
    'corr(x, y) ^ 2',
    'sum(i) FILTER (WHERE b) / count(*)',
    'CASE WHEN count(*) > 3 THEN sum(i) END',
    "{'n': count(*), 'range': [min(i), max(i)]}",
    'list_transform([1, 2, 3], n -> n + 1)[1] + count(i)',
    'coalesce(avg(x), 0) + stddev_pop(y)',
    'k + sum(i)',
    'round(avg(d), 2)::DECIMAL(20, 2)',
    'count(*) FILTER (WHERE x > y AND b)',
    'regr_slope(y, x) * avg(x) + regr_intercept(y, x)',
    'string_split(max(s), min(s))',
    'wavg(x, i) + geomean(abs(x) + 1)',
    'covar_samp(x, y) - covar_samp(y, x)',
    'max(x, 2)[2] - max(x)',
  ];
  const MIXED_TYPES = {
    x: 'finiteDouble',
    y: 'finiteDouble',
    i: 'integer',
    b: 'boolean',
    d: 'decimal9',
    s: 'varchar',
  } as const;

  it('is the whole for expressions of aggregates, and with one that needs all rows beside them', async () => {
    await inSession(async (connection) => {
      const found: string[] = [];
      for (const [round, layout] of fc.sample(layouts, { numRuns: 3 * ROUNDS, seed: SEED }).entries()) {
        const table = { types: MIXED_TYPES, rows: 80, groups: 5, seed: SEED + round };
        const columns = await makeRows(connection, table, layout.parts.length);
        for (const more of [[], ['list_sort(list(i))[1]', 'median(x)', 'count(DISTINCT s) + k']]) {
          const noisy = new Map(MIXED.map((text) => [text, '1']));
          const query = await bindQuery(connection, {
            columns,
            keys: ['k'],
            outputs: [...MIXED, ...more],
            noise: noisy,
          });
          expect(query.decomposition.mode).toBe(more.length === 0 ? 'partial' : 'rows');
          found.push(...(await judgeCase(connection, query, layout)));
        }
      }
      expect({ seed: SEED, found }).toEqual({ seed: SEED, found: [] });
    });
  });

  it('is the whole for keys of every type', async () => {
    await inSession(async (connection) => {
      const found: string[] = [];
      for (const [index, type] of TYPE_NAMES.entries()) {
        const [layout = { parts: ['partial'] as const }] = fc.sample(layouts, {
          numRuns: 1,
          seed: SEED + index,
        });
        const types = { key: type, v: 'integer', w: 'finiteDouble' } as const;
        const columns = await makeRows(
          connection,
          { types, rows: 40, groups: 2, seed: SEED + index },
          layout.parts.length,
        );
        for (const outputs of [
          ['sum(v)', 'count(*)', 'var_samp(w)', 'max(v, 2)'],
          ['median(v)'],
          ['count(DISTINCT v)'],
        ]) {
          const query = await bindQuery(connection, { columns, keys: ['key', 'k'], outputs });
          const wrong = await judgeCase(connection, query, layout);
          found.push(...wrong.map((each) => `${type}: ${each}`));
        }
      }
      expect({ seed: SEED, found }).toEqual({ seed: SEED, found: [] });
    });
  });

  it('keeps a small variance around a large mean', async () => {
    await inSession(async (connection) => {
      await connection.run('SELECT setseed(0.5)');
      await connection.run(
        'CREATE TABLE rows AS SELECT 1 AS k, 1e9 + 0.06 * random() AS v, (random() * 7)::INTEGER AS part FROM range(20000)',
      );
      const columns = [
        { name: 'k', type: 'INTEGER' },
        { name: 'v', type: 'DOUBLE' },
      ];
      const outputs = ['var_samp(v)', 'covar_samp(v, v)', 'regr_syy(v, v) / (count(*) - 1)'];
      const query = await bindQuery(connection, { columns, keys: [], outputs });
      // Less 1e9 the values are exact, and small.
      const exact = await connection.runAndReadAll('SELECT var_samp(v - 1e9) FROM rows');
      for (const kind of ['partial', 'single'] as const) {
        await runParts(connection, query, { parts: Array(8).fill(kind) });
        const [row = []] = (await connection.runAndReadAll('SELECT o0, o1, o2 FROM result')).getRows();
        const relative = row.map((value) => Math.abs(Number(value) / Number(exact.getRows()[0]?.[0]) - 1));
        expect(Math.max(...relative)).toBeLessThan(1e-5);
      }
    });
  });

  it('gives equal rows a variance of exactly 0, whatever the number of parts', async () => {
    await inSession(async (connection) => {
      await connection.run(
        'CREATE TABLE rows AS SELECT 1 AS k, 0.1 AS v, (i % 7)::INTEGER AS part FROM range(1000) t(i)',
      );
      const columns = [
        { name: 'k', type: 'INTEGER' },
        { name: 'v', type: 'DOUBLE' },
      ];
      const query = await bindQuery(connection, {
        columns,
        keys: [],
        outputs: ['var_pop(v)', 'regr_r2(v, v)', 'corr(v, v)'],
      });
      await runParts(connection, query, { parts: Array(7).fill('partial') });
      expect((await connection.runAndReadAll('SELECT o0, o1, o2 FROM result')).getRows()).toEqual([
        [0, null, Number.NaN],
      ]);
    });
  });

  it('fails as the whole does, where parts do not overflow and their sum does', async () => {
    await inSession(async (connection) => {
      await connection.run(
        "CREATE TABLE rows AS SELECT 1 AS k, v::HUGEINT AS h, v::DOUBLE * 1e138 AS x, part FROM (VALUES ('17' || repeat('0', 37), 0), ('17' || repeat('0', 37), 1)) t(v, part)",
      );
      const columns = [
        { name: 'k', type: 'INTEGER' },
        { name: 'h', type: 'HUGEINT' },
        { name: 'x', type: 'DOUBLE' },
      ];
      for (const [text, reason] of [
        ['sum(h)', /Overflow in HUGEINT/],
        ['stddev_samp(CASE WHEN h IS NULL THEN x ELSE x * (part - 0.5) * 1e170 END)', /out of range/],
      ] as const) {
        const query = await bindQuery(connection, {
          columns: [...columns, { name: 'part', type: 'INTEGER' }],
          keys: [],
          outputs: [text],
        });
        await expect(connection.run(query.direct)).rejects.toThrow(reason);
        await connection.run('CREATE OR REPLACE TABLE parts AS SELECT * FROM rows');
        const { decomposition } = query;
        if (decomposition.mode !== 'partial') throw new Error('rows are shuffled');
        const parts = [0, 1].map(
          (part) => `(${renderPartial(decomposition, [], `(SELECT * FROM rows WHERE part = ${part})`)})`,
        );
        await connection.run(`CREATE OR REPLACE TABLE states AS ${parts.join(' UNION ALL ')}`);
        await expect(connection.run(renderFinal(decomposition, [], 'states'))).rejects.toThrow(reason);
      }
    });
  });
});
