import { describe, expect, it } from 'vitest';
import type { Column } from '../../functions/contract/columns.ts';
import { ExpressionError, type Problem } from '../../functions/contract/errors.ts';
import { PlannedStep } from '../../functions/contract/planned-steps.ts';
import type { Step } from '../../functions/contract/steps.ts';
import { bindSteps } from '../../functions/stages/bind-steps.ts';
import { inSession, SUBMITTED_AT } from '../io/expression-session.ts';

const COLUMNS: readonly Column[] = [
  { name: 'Id', type: 'BIGINT' },
  { name: 'team', type: 'VARCHAR' },
  { name: 'tags', type: 'VARCHAR[]' },
  { name: 'made', type: 'TIMESTAMP' },
  { name: 'with "quotes"', type: 'STRUCT(a INTEGER[3], "b c" DECIMAL(9,2))' },
];

const bind = (steps: readonly Step[], columns = COLUMNS): Promise<readonly PlannedStep[]> =>
  inSession((connection) => bindSteps(connection, { steps, columns, submittedAt: SUBMITTED_AT }));

const bindOne = async (step: Step): Promise<PlannedStep> => {
  const [planned] = await bind([step]);
  return PlannedStep.parse(planned);
};

const problemsOf = async (steps: readonly Step[]): Promise<readonly Problem[]> => {
  const error: unknown = await bind(steps).catch((thrown: unknown) => thrown);
  if (error instanceof ExpressionError) return error.problems;
  throw new Error(`expected an ExpressionError, found ${String(error)}`);
};

const textOf = ({ name, type }: Column): string => `${name} ${type}`;

describe('bindSteps: the columns that a step leaves', () => {
  it('are those before a filter, in whose predicate names have their declared case', async () => {
    const planned = await bindOne({ filter: "ID > 3 AND TEAM = 'a'" });
    expect(planned).toMatchObject({ kind: 'filter', step: 0, uses: ['Id', 'team'], isPrunable: true });
    expect(planned).toMatchObject({ predicate: `(("Id" > 3) AND ("team" = 'a'))`, columns: COLUMNS });
  });

  it('are the expressions of a select, in their order, with their types', async () => {
    const planned = await bindOne({
      select: { z: 'upper(Team)', a: '"with ""quotes""".a', b: '"with ""quotes"""."b c" * 2', c: '1' },
    });
    expect(planned.columns.map(textOf)).toEqual([
      'z VARCHAR',
      'a INTEGER[3]',
      'b DECIMAL(18,2)',
      'c INTEGER',
    ]);
    expect(planned).toMatchObject({
      kind: 'project',
      expressions: [
        { name: 'z', uses: ['team'] },
        { name: 'a', uses: ['with "quotes"'] },
        { name: 'b', uses: ['with "quotes"'] },
        { name: 'c', uses: [] },
      ],
    });
  });

  it('are replaced where an extend names one in any case, and else follow', async () => {
    const planned = await bindOne({ extend: { more: 'len(tags)', ID: 'Id + 1' } });
    expect(planned.columns.map(textOf)).toEqual([
      'ID BIGINT',
      'team VARCHAR',
      'tags VARCHAR[]',
      'made TIMESTAMP',
      'with "quotes" STRUCT(a INTEGER[3], "b c" DECIMAL(9,2))',
      'more BIGINT',
    ]);
    expect(planned).toMatchObject({
      expressions: [{ name: 'ID', sql: '("Id" + 1)', uses: ['Id'] }, {}, {}, {}, {}, {}],
    });
  });

  it('see the columns before an extend, not those that it adds', async () => {
    const planned = await bindOne({ extend: { team: "'x'", b: 'team' } });
    expect(planned).toMatchObject({
      expressions: [{}, { sql: "'x'" }, {}, {}, {}, { sql: '"team"', uses: ['team'] }],
    });
  });

  it('have the type of the elements after an unnest', async () => {
    const planned = await bindOne({ unnest: 'TAGS' });
    expect(planned).toMatchObject({ kind: 'unnest', column: 'tags' });
    expect(planned.columns[2]).toEqual({ name: 'tags', type: 'VARCHAR' });
  });

  it('have the type of the elements of arrays and of lists in lists', async () => {
    const steps = [{ select: { a: '"with ""quotes""".a', b: '[[team]]' } }, { unnest: 'a' }, { unnest: 'b' }];
    const planned = await bind(steps);
    expect(planned[2]?.columns.map(textOf)).toEqual(['a INTEGER', 'b VARCHAR[]']);
  });

  it('are those of a distinct, in the order it names them', async () => {
    expect((await bindOne({ distinct: ['MADE', 'id'] })).columns.map(textOf)).toEqual([
      'made TIMESTAMP',
      'Id BIGINT',
    ]);
    expect((await bindOne({ distinct: true })).columns).toEqual(COLUMNS);
  });

  it('are keys, then aggregates, of a group_by, with the types of the whole query', async () => {
    const planned = await bindOne({
      group_by: { keys: ['TEAM', 'made'], aggregates: { n: 'count(*)', s: 'sum(ID)', m: 'max(id) + 1' } },
    });
    expect(planned).toMatchObject({
      kind: 'group_by',
      keys: ['team', 'made'],
      aggregates: [{ uses: [] }, { uses: ['Id'] }, {}],
    });
    expect(planned.columns.map(textOf)).toEqual([
      'team VARCHAR',
      'made TIMESTAMP',
      'n BIGINT',
      's HUGEINT',
      'm BIGINT',
    ]);
  });

  it('are those before a sort, whose keys have direction and place of NULL spelt out', async () => {
    const by = ['TEAM', 'id DESC', 'made DESC NULLS FIRST', '-Id ASC NULLS FIRST'];
    const planned = await bindOne({ sort: { by, limit: 3 } });
    expect(planned).toMatchObject({
      kind: 'sort',
      limit: 3,
      columns: COLUMNS,
      by: [
        { sql: '"team"', direction: 'ASC', nulls: 'LAST' },
        { sql: '"Id"', direction: 'DESC', nulls: 'LAST' },
        { sql: '"made"', direction: 'DESC', nulls: 'FIRST' },
        { sql: '(- "Id")', direction: 'ASC', nulls: 'FIRST', uses: ['Id'] },
      ],
    });
  });

  it('take a single sort key for a list of one', async () => {
    const planned = await bindOne({ sort: { by: 'id DESC', limit: 1 } });
    expect(planned).toMatchObject({ by: [{ sql: '"Id"', direction: 'DESC' }] });
  });

  it('carry from step to step', async () => {
    const planned = await bind([
      { select: { Word: 'team', n: 'id' } },
      { group_by: { keys: ['word'], aggregates: { N: 'sum(n)' } } },
      { filter: 'n > 1' },
    ]);
    expect(planned.map(({ step }) => step)).toEqual([0, 1, 2]);
    expect(planned[2]).toMatchObject({ predicate: '("N" > 1)', columns: [{ name: 'Word' }, { name: 'N' }] });
  });

  it('bind now() to the submission', async () => {
    expect(await bindOne({ filter: 'made < now()' })).toMatchObject({
      predicate: expect.stringContaining('2026-11-22 01:02:03.456'),
    });
  });
});

describe('bindSteps: problems', () => {
  it.each<[string, Step, string, RegExp, string?]>([
    [
      'a column that a filter does not find',
      { filter: 'teem = 1' },
      'steps[0].filter',
      /no column teem/,
      'team',
    ],
    [
      'a filter that is no BOOLEAN',
      { filter: 'id' },
      'steps[0].filter',
      /type BIGINT, and BOOLEAN is expected/,
    ],
    ['types that do not meet', { select: { a: 'id + tags' } }, 'steps[0].select.a', /No function matches/],
    ['a name with blanks', { extend: { 'a b': 'nix' } }, 'steps[0].extend["a b"]', /no column nix/],
    ['an aggregate in a select', { select: { a: 'sum(id)' } }, 'steps[0].select.a', /group_by/],
    [
      'no aggregate in a group_by',
      { group_by: { keys: ['id'], aggregates: { a: 'id' } } },
      'steps[0].group_by.aggregates.a',
      /aggregate/,
    ],
    [
      'an unknown key',
      { group_by: { keys: ['id', 'tem'], aggregates: { n: 'count(*)' } } },
      'steps[0].group_by.keys[1]',
      /no column tem/,
      'team',
    ],
    ['an unknown column of distinct', { distinct: ['id', 'x'] }, 'steps[0].distinct[1]', /no column x/],
    ['an unknown column of unnest', { unnest: 'tag' }, 'steps[0].unnest', /no column tag/, 'tags'],
    [
      'an unnest of what is no list',
      { unnest: 'TEAM' },
      'steps[0].unnest',
      /column team is of type VARCHAR, and unnest takes a list/,
    ],
    [
      'a sort key in a list',
      { sort: { by: ['id', 'x DESC'], limit: 1 } },
      'steps[0].sort.by[1]',
      /no column x/,
    ],
    ['a sort key that stands alone', { sort: { by: 'x DESC', limit: 1 } }, 'steps[0].sort.by', /no column x/],
    ['a text that does not parse', { filter: 'id >' }, 'steps[0].filter', /syntax error/],
    ['a volatile function', { select: { a: 'random()' } }, 'steps[0].select.a', /random is refused/],
  ])('names the place of %s', async (_, step, path, message, suggestion) => {
    const problems = await problemsOf([step]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ path, message: expect.stringMatching(message) });
    expect(problems[0]?.suggestion).toBe(suggestion);
  });

  it('tells all problems of the first bad step, and all that does not parse anywhere', async () => {
    const problems = await problemsOf([
      { filter: 'id > 1' },
      { select: { a: 'nix', b: 'id', c: 'nox + 1' } },
      { filter: 'nox' },
      { filter: 'id > (' },
    ]);
    expect(problems.map(({ path }) => path)).toEqual([
      'steps[1].select.a',
      'steps[1].select.c',
      'steps[3].filter',
    ]);
  });

  it('tells unknown keys together with bad aggregates', async () => {
    const group_by = { keys: ['nix'], aggregates: { a: 'sum(nox)', b: 'sum(team)' } };
    const paths = (await problemsOf([{ group_by }])).map(({ path }) => path);
    expect(paths).toContain('steps[0].group_by.keys[0]');
    expect(paths).toContain('steps[0].group_by.aggregates.a');
  });

  it('finds a column that an earlier step took away', async () => {
    const [problem] = await problemsOf([{ select: { a: 'id' } }, { filter: "team = 'x'" }]);
    expect(problem).toMatchObject({
      path: 'steps[1].filter',
      message: expect.stringContaining('the columns here are a'),
    });
  });

  it('counts columns instead of listing them where they are many', async () => {
    const columns = Array.from({ length: 13 }, (_, index) => ({ name: `c${index}`, type: 'BIGINT' }));
    await expect(bind([{ unnest: 'x' }], columns)).rejects.toThrow('there are 13 columns here');
  });
});
