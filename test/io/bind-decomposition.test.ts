import { describe, expect, it } from 'vitest';
import { Decomposition } from '../../functions/contract/decomposition.ts';
import { narrowDecomposition } from '../../functions/core/narrow-decomposition.ts';
import {
  renderFinal,
  renderGroups,
  renderPartial,
  renderShuffled,
} from '../../functions/sql/render-aggregates.ts';
import { bindQuery } from '../sql/decomposed-query.ts';
import { inSession } from './expression-session.ts';

const COLUMNS = [
  { name: 'k', type: 'VARCHAR' },
  { name: 'a', type: 'INTEGER' },
  { name: 'b', type: 'BOOLEAN' },
  { name: 'x', type: 'DOUBLE' },
  { name: 'y', type: 'DOUBLE' },
  { name: 'made', type: 'TIMESTAMP' },
  { name: 'span', type: 'INTERVAL' },
];

const decompose = (
  outputs: readonly string[],
  more: { readonly keys?: readonly string[]; readonly columns?: typeof COLUMNS } = {},
): Promise<Decomposition> =>
  inSession(async (connection) => {
    const query = { columns: COLUMNS, keys: ['k'], ...more, outputs };
    return (await bindQuery(connection, query)).decomposition;
  });

describe('bindDecomposition', () => {
  it('keeps one state for what several aggregates have in common', async () => {
    const texts = [
      'count(x)',
      'sum(x)',
      'avg(x)',
      'mean(x)',
      'var_pop(x)',
      'stddev(x)',
      'avg(x) + stddev(x)',
    ];
    expect(await decompose(texts)).toMatchObject({
      mode: 'partial',
      states: [{ type: 'BIGINT' }, { type: 'DOUBLE' }, { type: 'DOUBLE' }, { type: 'DOUBLE' }],
    });
  });

  it('tells the same aggregate over other rows apart', async () => {
    const found = await decompose([
      'sum(a)',
      'sum(a) FILTER (WHERE b)',
      'sum(a) FILTER (WHERE NOT b)',
      'sum(a + 1)',
    ]);
    expect(found).toMatchObject({ mode: 'partial', states: [{}, {}, {}, {}] });
  });

  it('is what its own schema takes, through JSON', async () => {
    for (const texts of [['avg(a)', 'corr(x, y)'], ['median(a)'], ['count(DISTINCT a)']]) {
      const found = await decompose(texts);
      expect(Decomposition.parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
    }
  });

  it.each([
    [['median(x)'], 'median'],
    [['sum(a)', 'quantile_cont(x, 0.5)'], 'quantile_cont'],
    [['max(x) - median(a) FILTER (WHERE b)'], 'median'],
    [['sum(DISTINCT a)', 'count(*)'], 'sum with DISTINCT'],
    [['max(a ORDER BY x)'], 'max with ORDER BY'],
    [['max(a, a)'], 'max with arguments that are no constants'],
    [['max(DISTINCT a, 2)'], 'max with DISTINCT'],
    [['avg(span)'], 'avg of type INTERVAL'],
    [['list_sort(list(a))'], 'list'],
    [['CASE WHEN count(*) > 3 THEN mode(a ORDER BY a) END'], 'mode'],
  ])('shuffles the rows of %j, for %s', async (texts, reason) => {
    expect(await decompose(texts)).toMatchObject({ mode: 'rows', reason });
  });

  it('merges averages of instants, and DISTINCT where it means nothing', async () => {
    const texts = [
      'avg(made)',
      'avg(made + INTERVAL 1 DAY)',
      'avg(made::TIME)',
      'min(DISTINCT a)',
      'bool_or(DISTINCT b)',
    ];
    expect(await decompose(texts)).toMatchObject({ mode: 'partial' });
  });

  it('folds equal rows before the shuffle where every aggregate says DISTINCT, or need not', async () => {
    expect(await decompose(['count(DISTINCT a)', 'sum(DISTINCT x)', 'min(y)'])).toMatchObject({
      mode: 'rows',
      reason: 'count with DISTINCT',
      foldsEqualRows: true,
    });
  });

  it('folds no equal rows where one aggregate counts them', async () => {
    for (const texts of [
      ['median(a)'],
      ['sum(DISTINCT a)', 'count(*)'],
      ['count(DISTINCT a)', 'max(a, 2)'],
      ['count(DISTINCT a)', 'bit_xor(a)'],
    ])
      expect(await decompose(texts)).toMatchObject({ mode: 'rows', foldsEqualRows: false });
  });

  it('lets the parts of a struct without names cross in its place, for no block can carry one', async () => {
    const found = await decompose(['count(DISTINCT (a, x + y))', 'count(DISTINCT [(a, b)])']);
    expect(found).toMatchObject({
      mode: 'rows',
      columns: [{ sql: '"a"' }, { sql: '("x" + "y")' }, { sql: '"b"' }],
    });
  });

  it('shuffles arguments computed, once each, and no column that only they read', async () => {
    const found = await decompose([
      'median(x + y)',
      'mode(a ORDER BY x + y) FILTER (WHERE length(k) > 1)',
      'max(k)',
    ]);
    expect(found).toMatchObject({
      mode: 'rows',
      columns: [
        { sql: '("x" + "y")', type: 'DOUBLE' },
        { sql: '"a"', type: 'INTEGER' },
        { sql: '("length"("k") > 1)', type: 'BOOLEAN' },
      ],
    });
  });

  it('keeps arguments without columns in the call, where they must be constants', async () => {
    const found = await decompose(['quantile_cont(x, list_transform([1, 2], a -> a / 4.0))'], {
      columns: COLUMNS,
    });
    expect(found).toMatchObject({ mode: 'rows', columns: [{ sql: '"x"' }] });
  });

  it('takes names that no column of the step has', async () => {
    const columns = [
      ...COLUMNS,
      { name: 'Daybreak_s0', type: 'INTEGER' },
      { name: 'DAYBREAK_V0', type: 'INTEGER' },
    ];
    const found = await decompose(['sum("Daybreak_s0")', 'max(a)'], { columns, keys: ['DAYBREAK_V0'] });
    expect(found).toMatchObject({
      mode: 'partial',
      states: [{ name: 'daybreak__s0' }, { name: 'daybreak__s1' }],
      rows: { name: 'daybreak__rows' },
    });
  });
});

describe('narrowDecomposition', () => {
  const texts = ['var_pop(x)', 'corr(y, x)', 'max(a, 2)', 'avg(a) + count(b)'];

  it.each(texts.map((_, index) => index))('keeps what output %i reads, and nothing else', async (kept) => {
    await inSession(async (connection) => {
      const { decomposition } = await bindQuery(connection, {
        columns: COLUMNS,
        keys: ['k'],
        outputs: texts,
      });
      const alone = await bindQuery(connection, {
        columns: COLUMNS,
        keys: ['k'],
        outputs: [texts[kept] ?? ''],
      });
      const narrow = narrowDecomposition(decomposition, (name) => name === `o${kept}`);
      if (narrow.mode !== 'partial' || alone.decomposition.mode !== 'partial')
        throw new Error('rows are shuffled');
      expect(narrow.states.map(({ partial }) => partial)).toEqual(
        alone.decomposition.states.map(({ partial }) => partial),
      );
      await connection.run('CREATE TABLE t (k VARCHAR, a INTEGER, b BOOLEAN, x DOUBLE, y DOUBLE)');
      const reader = await connection.runAndReadAll(
        renderFinal(narrow, ['k'], `(${renderPartial(narrow, ['k'], 't')})`),
      );
      expect(reader.columnNames().slice(0, 2)).toEqual(['k', `o${kept}`]);
    });
  });

  it('shuffles only the columns of rows that the outputs left read', async () => {
    await inSession(async (connection) => {
      const { decomposition } = await bindQuery(connection, {
        columns: COLUMNS,
        keys: ['k'],
        outputs: ['median(x)', 'sum(DISTINCT a)', 'count(DISTINCT y)'],
      });
      const narrow = narrowDecomposition(decomposition, (name) => name === 'o1');
      if (narrow.mode !== 'rows') throw new Error('rows are not shuffled');
      expect(narrow.columns.map(({ sql }) => sql)).toEqual(['"a"']);
      await connection.run('CREATE TABLE t (k VARCHAR, a INTEGER, x DOUBLE, y DOUBLE)');
      const reader = await connection.runAndReadAll(
        renderGroups(narrow, ['k'], `(${renderShuffled(narrow, ['k'], 't')})`),
      );
      expect(reader.columnNames().slice(0, 2)).toEqual(['k', 'o1']);
    });
  });
});
