import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Column } from '../../functions/contract/columns.ts';
import { SQL_FUNCTIONS } from '../../functions/contract/sql-functions.ts';
import { checkExpression } from '../../functions/core/check-expression.ts';
import { isPrunablePredicate } from '../../functions/core/expression.ts';
import { renderExpression } from '../../functions/sql/render-expression.ts';
import { inSession, type Judged, judge } from '../io/expression-session.ts';

const COLUMNS: readonly Column[] = [
  { name: 'a', type: 'INTEGER' },
  { name: 'b', type: 'INTEGER' },
  { name: 'Team', type: 'VARCHAR' },
  { name: 'body', type: 'VARCHAR' },
  { name: 'l', type: 'INTEGER[]' },
  { name: 's', type: 'STRUCT(x INTEGER, y STRUCT(z VARCHAR))' },
  { name: 'j', type: 'JSON' },
];

const judgeOne = async (
  text: string,
  use: 'scalar' | 'aggregate' = 'scalar',
  keys: readonly string[] = [],
) => {
  const [judged] = await inSession((connection) =>
    judge(connection, [text], { columns: COLUMNS, use, keys }),
  );
  if (judged === undefined) throw new Error('nothing was judged');
  return judged;
};

const rendered = ({ expression, problems }: Judged): string => {
  if (problems.length > 0 || expression === undefined) return JSON.stringify(problems);
  return renderExpression(expression);
};

/** Expressions that reach for what is not theirs, each with the word that its problem must name. */
const HOSTILE: readonly (readonly [text: string, names: RegExp])[] = [
  // Files, settings, environment, extensions.
  ["read_csv('/etc/passwd')", /read_csv is refused: it is a table function/],
  ["read_text('/etc/passwd')", /read_text is refused/],
  ["read_blob('/etc/passwd')", /read_blob is refused/],
  ["read_parquet('x')", /read_parquet is refused/],
  ["read_json_objects('x')", /read_json_objects is refused/],
  ["parquet_metadata('x')", /parquet_metadata is refused/],
  ["sniff_csv('x')", /sniff_csv is refused/],
  ["glob('/*')", /glob is refused/],
  ["getenv('HOME')", /no function getenv/],
  ["current_setting('threads')", /current_setting is refused: it reads the session/],
  ["getvariable('x')", /getvariable is refused/],
  ['current_user', /current_user is refused/],
  ['user', /user is refused/],
  ['session_user', /session_user is refused/],
  ['current_schema', /current_schema is refused/],
  ['current_database()', /current_database is refused/],
  ['version()', /version is refused/],
  ['pg_postmaster_start_time()', /pg_postmaster_start_time is refused/],
  ['duckdb_secrets()', /duckdb_secrets is refused/],
  ['duckdb_settings()', /duckdb_settings is refused/],
  ["which_secret('s3://x', 's3')", /which_secret is refused/],
  ["write_log('x')", /write_log is refused: it acts/],
  ["error('x')", /error is refused/],
  ["query('SELECT 1')", /query is refused/],
  ["query_table('x')", /query_table is refused/],
  ["json_execute_serialized_sql('x')", /json_execute_serialized_sql is refused/],
  ["json_serialize_sql('SELECT 1')", /json_serialize_sql is refused/],
  ["json_serialize_plan('SELECT 1')", /json_serialize_plan is refused/],
  ["pragma_table_info('x')", /pragma_table_info is refused/],
  ["nextval('x')", /nextval is refused/],
  ['txid_current()', /txid_current is refused/],
  ['stats(a)', /stats is refused/],
  ['daybreak_tally_0(a)', /no function daybreak_tally_0/],
  // Other values each time.
  ['random()', /random is refused: it gives another value each time/],
  ['uuid()', /uuid is refused/],
  ['gen_random_uuid()', /gen_random_uuid is refused/],
  ['setseed(0.5)', /setseed is refused/],
  ['sleep_ms(10000)', /sleep_ms is refused/],
  ['pg_sleep(10)', /pg_sleep is refused/],
  ['hash(a)', /hash is refused.*md5_number_lower/],
  ["age(TIMESTAMP '2020-01-01')", /write age\(current_date, x\)/],
  // Statements and clauses.
  ["COPY (SELECT 1) TO 'x'", /syntax error/],
  ["a; COPY (SELECT 1) TO 'x'", /semicolon/],
  ["a; ATTACH 'x'", /semicolon/],
  ['a;', /semicolon/],
  ['PRAGMA threads', /syntax error|gives itself the name/],
  ['SET threads = 1', /syntax error|more than one expression|gives itself the name/],
  ['INSTALL httpfs', /syntax error|gives itself the name/],
  ['a FROM x', /more than one expression/],
  ["a FROM read_csv('x')", /more than one expression/],
  ['a WHERE true', /more than one expression/],
  ['a GROUP BY a', /more than one expression/],
  ['a HAVING true', /more than one expression/],
  ['a QUALIFY true', /more than one expression/],
  ['a ORDER BY a', /more than one expression/],
  ['a LIMIT 1', /more than one expression/],
  ['a UNION SELECT 1', /more than one expression/],
  ['a INTO x', /syntax error|SELECT INTO/],
  ['DISTINCT a', /more than one expression/],
  ['a USING SAMPLE 1', /more than one expression/],
  ['1) FROM x --', /comment|syntax error/],
  ['1) UNION SELECT (1', /syntax error/],
  ['a -- x', /comment/],
  ['a /* x */', /comment/],
  ['a AS b', /gives itself the name b/],
  ['a b', /gives itself the name b/],
  ['a, b', /found 2 expressions/],
  ['', /is empty/],
  ['  ', /is empty/],
  // Subqueries in every position.
  ['(SELECT 1)', /subquery/],
  ['(SELECT a)', /subquery/],
  ['EXISTS (SELECT 1)', /subquery/],
  ['NOT EXISTS (FROM x)', /subquery/],
  ['a IN (SELECT 1)', /subquery/],
  ['a NOT IN (SELECT 1)', /subquery/],
  ['a IN (FROM x)', /subquery/],
  ['a = ANY (SELECT 1)', /subquery/],
  ['a > ALL (SELECT 1)', /subquery/],
  ['a = SOME (SELECT 1)', /subquery/],
  ['a = ANY ([1, 2])', /subquery/],
  ['ARRAY (SELECT 1)', /subquery/],
  ['(VALUES (1))', /subquery/],
  ['(TABLE x)', /subquery/],
  ['(WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT 1 FROM t) SELECT 1 FROM t)', /subquery/],
  ['(SELECT 1 FROM x, LATERAL (SELECT 1))', /subquery/],
  ['CASE WHEN (SELECT true) THEN 1 END', /subquery/],
  ['CASE WHEN true THEN (SELECT 1) END', /subquery/],
  ['CASE WHEN true THEN 1 ELSE (SELECT 1) END', /subquery/],
  ['abs((SELECT 1))', /subquery/],
  ['[(SELECT 1)]', /subquery/],
  ['{k: (SELECT 1)}', /subquery/],
  ['l[(SELECT 1)]', /subquery/],
  ['l[1:(SELECT 1)]', /subquery/],
  ['a BETWEEN 1 AND (SELECT 2)', /subquery/],
  ['(SELECT 1)::VARCHAR', /subquery/],
  ['list_transform(l, x -> (SELECT x))', /subquery/],
  ['[(SELECT 1) FOR x IN l]', /subquery/],
  ['[x FOR x IN (SELECT l)]', /subquery/],
  ['TRY((SELECT 1))', /subquery/],
  ['a IS DISTINCT FROM (SELECT 1)', /subquery/],
  // Windows, stars, positions, parameters.
  ['sum(a) OVER ()', /window/],
  ['row_number() OVER (ORDER BY a)', /window/],
  ['lag(a) OVER ()', /window/],
  ['rank()', /rank is refused: it is a window function/],
  ['*', /star/],
  ['t.*', /star/],
  ['* EXCLUDE (a)', /star/],
  ["COLUMNS('a.*')", /star/],
  ['COLUMNS(*)', /star/],
  ['COLUMNS(x -> true)', /star/],
  ['UNPACK(COLUMNS(*))', /UNPACK/],
  ['#1', /position/],
  ['$1', /parameter/],
  ['$name', /parameter/],
  ['?', /parameter/],
  ['DEFAULT', /DEFAULT/],
  ['GROUPING(a)', /GROUPING/],
  // Names that reach elsewhere.
  ['a COLLATE NOCASE', /COLLATE/],
  ["body COLLATE de < 'x'", /COLLATE/],
  ['system.main.abs(a)', /qualified function name/],
  ['pg_catalog.current_database()', /qualified function name/],
  ['information_schema.x(a)', /qualified function name/],
  ['body.lower()', /write lower\(body, …\) without the dot/],
  ['a OPERATOR(pg_catalog.+) b', /no function pg_catalog/],
  ['a::my_type', /cast to the type my_type/],
  ['a::main.my_type', /cast to the type my_type/],
  ['a::regclass', /cast to the type regclass/i],
  ['a::GEOMETRY', /cast to the type GEOMETRY/],
  ['a::VARIANT', /cast to the type VARIANT/],
  ['a::STRUCT(x my_type)', /cast to the type/],
  ['rowid', /no column rowid/],
  ['t.a', /t\.a names a table, and there is none here: write a/],
  ['main.t.a', /names a table/],
  ['nope.nope', /no column nope/],
  ['"a;b"', /no column a;b/],
  // Rows out of one.
  ['unnest(l)', /unnest is refused.*step unnest/],
  ['UNNEST([1, 2])', /unnest is refused/],
  ['generate_subscripts(l, 1)', /generate_subscripts is refused/],
  ["regexp_split_to_table('a', 'b')", /regexp_split_to_table is refused/],
  ['list_aggregate(l, body)', /must be a constant text/],
  ["list_aggregate(l, 'random')", /no aggregate random/],
  ["list_aggr(l, 'reservoir_quantile', 0.5)", /no aggregate reservoir_quantile/],
  ["array_aggr(l, 'su' || 'm')", /must be a constant text/],
  ['sum(a)', /sum is an aggregate, which belongs in the aggregates of a group_by/],
  ['list_transform(l, x -> sum(x))', /aggregate/],
  ['list_transform(x -> x, l)', /takes its lambda second/],
  ['abs(DISTINCT a)', /DISTINCT, FILTER and ORDER BY belong to an aggregate/],
  ['abs(a) FILTER (WHERE true)', /belong to an aggregate/],
  ['abs(a ORDER BY b)', /belong to an aggregate/],
];

describe('checkExpression on hostile expressions', () => {
  let judged: ReadonlyMap<string, Judged> = new Map();
  beforeAll(async () => {
    const texts = HOSTILE.map(([text]) => text);
    const all = await inSession((connection) =>
      judge(connection, texts, { columns: COLUMNS, use: 'scalar' }),
    );
    judged = new Map(all.map((one) => [one.text, one]));
  });

  it.each(HOSTILE)('rejects %s', (text, names) => {
    expect(
      judged
        .get(text)
        ?.problems.map(({ message }) => message)
        .join('\n'),
    ).toMatch(names);
  });

  it('rejects a function named like a property of every object', async () => {
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', 'toString']) {
      const { problems } = await judgeOne(`"${name}"(a)`);
      expect(problems[0]?.message).toMatch(/no function/);
    }
  });

  it('reports every problem at once, each with its place and the nearest name', async () => {
    const { problems } = await judgeOne('random() + bdy + lowr(Team) + (SELECT 1)');
    expect(problems.map(({ message }) => /at character (\d+)/.exec(message)?.[1])).toEqual([
      '31',
      '1',
      '12',
      '18',
    ]);
    expect(problems.map(({ suggestion }) => suggestion)).toEqual([undefined, undefined, 'body', 'lower']);
  });

  it('counts characters, not bytes, to the place of a problem', async () => {
    const { problems } = await judgeOne("'äö😀' || nope");
    expect(problems[0]?.message).toMatch(/at character 10/);
  });
});

describe('checkExpression on scalar expressions', () => {
  const allowed: readonly (readonly [text: string, sql: string])[] = [
    ['A + B', '("a" + "b")'],
    ['team', '"Team"'],
    ['"TEAM" LIKE \'x%\'', '("Team" ~~ \'x%\')'],
    ['s.y.z', '(("s")."y")."z"'],
    ['s.x + 1', '(("s")."x" + 1)'],
    ['list_transform(l, x -> x + a)', '"list_transform"("l", lambda "x": ("x" + "a"))'],
    ['list_transform(l, lambda A: A + 1)', '"list_transform"("l", lambda "A": ("A" + 1))'],
    ['list_reduce(l, (x, y) -> x + y)', '"list_reduce"("l", lambda "x", "y": ("x" + "y"))'],
    [
      "list_transform([s], x -> x.y.z || 'q')",
      '"list_transform"("list_value"("s"), lambda "x": ((("x")."y")."z" || \'q\'))',
    ],
    ["j -> '$.k'", '("j" -> \'$.k\')'],
    ["j ->> 'k'", '("j" ->> \'k\')'],
    ['TRY(a::VARCHAR::DATE)', 'TRY(CAST(CAST("a" AS VARCHAR) AS DATE))'],
    ['main.abs(a)', '"abs"("a")'],
    ["list_aggregate(l, 'Sum')", '"list_aggregate"("l", \'Sum\')'],
    ['CASE a WHEN 1 THEN 2 END', 'CASE WHEN ("a" = 1) THEN 2 ELSE NULL END'],
    ['a IN (1, 2) AND NOT b IS NULL', '(("a" IN (1, 2)) AND (NOT ("b" IS NULL)))'],
  ];
  it.each(allowed)('allows %s', async (text, sql) => {
    expect(rendered(await judgeOne(text))).toBe(sql);
  });

  it('allows a list comprehension', async () => {
    expect((await judgeOne('[x + a FOR x IN l IF x > 2]')).problems).toEqual([]);
  });

  it('does not take the parameter of one lambda for a column elsewhere', async () => {
    const { problems } = await judgeOne('list_transform(l, x -> x + 1)[x]');
    expect(problems[0]?.message).toMatch(/no column x/);
  });

  const ambiguous: readonly (readonly [text: string, names: RegExp])[] = [
    ['list_transform([s], s -> s.x)', /s is a column and the parameter of a lambda/],
    ['list_transform(l, A -> a + 1)', /a is a column and the parameter of a lambda/],
    ['list_transform([l], q -> list_transform(q, Q -> q))', /q and Q of two lambdas differ in case only/],
  ];
  it.each(ambiguous)('rejects %s, whose names DuckDB resolves by their case', async (text, names) => {
    expect((await judgeOne(text)).problems[0]?.message).toMatch(names);
  });

  it('rejects a field of a column that has none', async () => {
    expect((await judgeOne('a.b.c')).problems[0]?.message).toMatch(/of type INTEGER, which has no fields/);
    expect((await judgeOne('l.x')).problems[0]?.message).toMatch(/of type INTEGER\[\]/);
  });
});

describe('checkExpression on the clock', () => {
  const clock: readonly (readonly [text: string, sql: string])[] = [
    ['now()', "CAST('2026-11-22 01:02:03.456+00' AS TIMESTAMP WITH TIME ZONE)"],
    ['current_timestamp', "CAST('2026-11-22 01:02:03.456+00' AS TIMESTAMP WITH TIME ZONE)"],
    ['get_current_timestamp()', "CAST('2026-11-22 01:02:03.456+00' AS TIMESTAMP WITH TIME ZONE)"],
    ['transaction_timestamp()', "CAST('2026-11-22 01:02:03.456+00' AS TIMESTAMP WITH TIME ZONE)"],
    ['current_date', "CAST('2026-11-22' AS DATE)"],
    ['current_date()', "CAST('2026-11-22' AS DATE)"],
    ['today()', "CAST('2026-11-22' AS DATE)"],
    ['current_time', "CAST('01:02:03.456+00' AS TIME WITH TIME ZONE)"],
    ['get_current_time()', "CAST('01:02:03.456+00' AS TIME WITH TIME ZONE)"],
    ['localtime', "CAST('01:02:03.456' AS TIME)"],
    ['current_localtime()', "CAST('01:02:03.456' AS TIME)"],
    ['localtimestamp', "CAST('2026-11-22 01:02:03.456' AS TIMESTAMP)"],
    ['current_localtimestamp()', "CAST('2026-11-22 01:02:03.456' AS TIMESTAMP)"],
    [
      "ago('1 day')",
      "(CAST('2026-11-22 01:02:03.456+00' AS TIMESTAMP WITH TIME ZONE) - CAST('1 day' AS INTERVAL))",
    ],
  ];

  it.each(clock)('binds %s to the submission instant', async (text, sql) => {
    expect(rendered(await judgeOne(text))).toBe(sql);
  });

  it.each(clock)('gives %s the type that DuckDB gives it', async (text, sql) => {
    const types = await inSession(async (connection) =>
      (await connection.runAndReadAll(`SELECT typeof(${text}), typeof(${sql})`)).getRows(),
    );
    expect(types[0]?.[0]).toBe(types[0]?.[1]);
  });

  it('lets a column of that name win, as DuckDB does', async () => {
    const names = ['current_date', 'current_timestamp', 'localtime', 'user'];
    const columns = names.map((name) => ({ name, type: 'INTEGER' }));
    const [judged, engine] = await inSession(async (connection) => [
      await judge(connection, names, { columns, use: 'scalar' }),
      (
        await connection.runAndReadAll(
          `SELECT ${names.join(', ')} FROM (SELECT ${names.map((name) => `7 AS "${name}"`).join(', ')})`,
        )
      ).getRows(),
    ]);
    expect(judged.map(rendered)).toEqual(names.map((name) => `"${name}"`));
    expect(engine).toEqual([[7, 7, 7, 7]]);
  });

  it('rejects arguments to a function of the clock', async () => {
    expect((await judgeOne('now(1)')).problems[0]?.message).toMatch(/takes no arguments/);
  });

  it('fails on an instant that is not ISO 8601 in UTC', () => {
    const source = { path: '', text: 'now()', form: 'value' } as const;
    const call = {
      kind: 'function',
      name: 'now',
      isOperator: false,
      children: [],
      isDistinct: false,
      filter: undefined,
      orders: [],
    } as const;
    const scope = { columns: [], use: 'scalar', submittedAt: 'yesterday' } as const;
    expect(() => checkExpression(source, call, scope)).toThrow(/ISO 8601/);
  });
});

describe('checkExpression on aggregates', () => {
  const allowed: readonly (readonly [text: string, sql: string])[] = [
    ['count(*)', '"count_star"()'],
    ['sum(a) / count(DISTINCT b)', '("sum"("a") / "count"(DISTINCT "b"))'],
    ['sum(a) FILTER (WHERE b > 1)', '"sum"("a") FILTER (WHERE ("b" > 1))'],
    ['list(a ORDER BY b DESC)', '"list"("a" ORDER BY "b" DESC NULLS LAST, "a" ASC NULLS LAST)'],
    [
      "string_agg(body, ', ' ORDER BY a NULLS FIRST, body)",
      `"string_agg"("body", ', ' ORDER BY "a" ASC NULLS FIRST, "body" ASC NULLS LAST)`,
    ],
    ['arg_max(a, b ORDER BY a)', '"arg_max"("a", "b" ORDER BY "a" ASC NULLS LAST, "b" ASC NULLS LAST)'],
    ['list(DISTINCT a ORDER BY a)', `"list_sort"("list"(DISTINCT "a"), 'ORDER_DEFAULT', 'ORDER_DEFAULT')`],
    ['list_sort(list(a))', '"list_sort"("list"("a"))'],
    ['list(a ORDER BY a DESC)', `"list_sort"("list"("a"), 'DESCENDING', 'ORDER_DEFAULT')`],
    ['mode() WITHIN GROUP (ORDER BY a)', '"mode"("a" ORDER BY "a" ASC NULLS LAST)'],
    ['percentile_cont(0.5) WITHIN GROUP (ORDER BY a)', '"quantile_cont"("a", 0.5)'],
    ['percentile_disc(0.5) WITHIN GROUP (ORDER BY a)', '"quantile_disc"("a", 0.5)'],
    ['max(now())', `"max"(CAST('2026-11-22 01:02:03.456+00' AS TIMESTAMP WITH TIME ZONE))`],
    [
      'list_transform(list(a ORDER BY b), x -> x + 1)',
      '"list_transform"("list"("a" ORDER BY "b" ASC NULLS LAST, "a" ASC NULLS LAST), lambda "x": ("x" + 1))',
    ],
  ];
  it.each(allowed)('allows %s', async (text, sql) => {
    expect(rendered(await judgeOne(text, 'aggregate'))).toBe(sql);
  });

  it('allows a key outside the aggregates', async () => {
    expect((await judgeOne("TEAM || ': ' || count(*)", 'aggregate', ['Team'])).problems).toEqual([]);
  });

  const refused: readonly (readonly [text: string, names: RegExp])[] = [
    ['a', /column a stands outside an aggregate/],
    ['sum(a) + b', /column b stands outside/],
    ['1 + 1', /no aggregate function here/],
    ['sum(max(a))', /max stands inside another aggregate/],
    ['sum(a) FILTER (WHERE max(b) > 1)', /max stands inside another/],
    ['list(a ORDER BY sum(b))', /sum stands inside another/],
    ['list_transform(l, x -> sum(x))', /cannot stand in a lambda/],
    ['sum(a) OVER ()', /window/],
    ['approx_quantile(a, 0.5)', /approx_quantile is refused: its result depends on the order/],
    ['reservoir_quantile(a, 0.5)', /reservoir_quantile is refused/],
    ['json_group_array(a)', /json_group_array is refused.*ORDER BY/],
    ['sum_no_overflow(a)', /sum_no_overflow is refused/],
    ['bitstring_agg(a)', /bitstring_agg\(x, least, greatest\)/],
    ['percentile_cont(0.5) WITHIN GROUP (ORDER BY a DESC)', /its column as the first argument/],
    ['any_value(a IGNORE NULLS)', /IGNORE NULLS/],
    ['sum(a) EXPORT_STATE', /EXPORT_STATE/],
    ['list(a ORDER BY ALL)', /star|syntax error/],
  ];
  it.each(refused)('rejects %s', async (text, names) => {
    const { problems } = await judgeOne(text, 'aggregate');
    expect(problems.map(({ message }) => message).join('\n')).toMatch(names);
  });

  const orderDependent = [...SQL_FUNCTIONS].flatMap(([name, row]) =>
    row.kind === 'aggregate' && row.isOrderDependent ? [name] : [],
  );
  it.each(orderDependent)('rejects %s without an ORDER BY inside, and says how', async (name) => {
    const values = /^(arg|min_by|max_by)/.test(name) ? 'a, b' : 'a';
    const { problems } = await judgeOne(`${name}(${values})`, 'aggregate');
    expect(problems[0]?.message).toContain(`for example ${name}(${values} ORDER BY a)`);
  });
});

describe('the order of rows', () => {
  const CALLS: Readonly<Record<string, string>> = {
    bitstring_agg: 'bitstring_agg(i, 0, 20)',
    bool_and: 'bool_and(i > 3)',
    bool_or: 'bool_or(i > 3)',
    count_star: 'count(*)',
    histogram_exact: 'histogram_exact(i, [1, 2, 3])',
    quantile: 'quantile(i, 0.3)',
    quantile_cont: 'quantile_cont(i, 0.3)',
    quantile_disc: 'quantile_disc(t, 0.3)',
    wavg: 'wavg(i, k)',
    weighted_avg: 'weighted_avg(i, k)',
  };
  const callOf = (name: string): string => {
    const known = CALLS[name];
    if (known !== undefined) return known;
    if (/^count_?if$/.test(name)) return `${name}(i > 3)`;
    if (/^(regr|covar|corr)/.test(name)) return `${name}(i, k)`;
    if (/^(arg|min_by|max_by)/.test(name)) return `${name}(t, k ORDER BY k)`;
    const row = SQL_FUNCTIONS.get(name);
    return row?.kind === 'aggregate' && row.isOrderDependent ? `${name}(t ORDER BY k)` : `${name}(i)`;
  };
  const columns = [
    { name: 'i', type: 'INTEGER' },
    { name: 'k', type: 'INTEGER' },
    { name: 't', type: 'VARCHAR' },
  ];
  const names = [...SQL_FUNCTIONS].flatMap(([name, row]) => (row.kind === 'aggregate' ? [name] : []));

  const results = async (connection: DuckDBConnection, sqls: readonly string[], rows: readonly number[]) => {
    const values = rows.map((row) => `(${1 + (row % 13)}, ${row % 3}, 'v${row % 7}')`).join(', ');
    const sql = `SELECT ${sqls.join(', ')} FROM (VALUES ${values}) AS r(i, k, t)`;
    return (await connection.runAndReadAll(sql)).getRowsJson()[0] ?? [];
  };
  const isClose = (one: unknown, other: unknown): boolean =>
    typeof one === 'number' && typeof other === 'number'
      ? Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(one))
      : JSON.stringify(one) === JSON.stringify(other);

  it('does not change the result of any aggregate that is allowed', async () => {
    await inSession(async (connection) => {
      const judged = await judge(connection, names.map(callOf), { columns, use: 'aggregate' });
      expect(judged.flatMap(({ problems }) => problems)).toEqual([]);
      const sqls = judged.map(rendered);
      const rows = Array.from({ length: 40 }, (_, row) => row);
      const expected = await results(connection, sqls, rows);
      await fc.assert(
        fc.asyncProperty(fc.shuffledSubarray(rows, { minLength: rows.length }), async (shuffled) => {
          const found = await results(connection, sqls, shuffled);
          expect(names.filter((_, index) => !isClose(found[index], expected[index]))).toEqual([]);
        }),
        { numRuns: 30 },
      );
    });
  });
});

describe('isPrunablePredicate', () => {
  const predicates: readonly (readonly [text: string, isPrunable: boolean])[] = [
    ['a > 3', true],
    ["Team = 'x' AND (a BETWEEN 1 AND 2 OR b IS NULL)", true],
    ["3 < a AND Team IN ('x', 'y')", true],
    ["body < DATE '2020-01-01'", true],
    ['a + 1 > 3', false],
    ['a > b', false],
    ['NOT (a > 3 AND b > a)', false],
    ["lower(Team) = 'x'", false],
  ];
  it.each(predicates)('of %s is %s', async (text, isPrunable) => {
    const { expression } = await judgeOne(text);
    expect(expression === undefined ? undefined : isPrunablePredicate(expression)).toBe(isPrunable);
  });
});
