import type { DuckDBConnection } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import { SQL_FUNCTIONS } from '../../functions/contract/sql-functions.ts';
import { SQL_REFUSALS } from '../../functions/contract/sql-refusals.ts';
import { bindExpressions } from '../../functions/io/bind-expressions.ts';
import { inSession, type Judged, judge, TYPED_COLUMNS } from '../io/expression-session.ts';

type Signature = { readonly name: string; readonly kind: string; readonly types: readonly string[] };

const signaturesOf = async (connection: DuckDBConnection): Promise<readonly Signature[]> => {
  const reader = await connection.runAndReadAll(
    'SELECT DISTINCT lower(function_name), function_type, coalesce(parameter_types, [])::VARCHAR[]::JSON::VARCHAR FROM duckdb_functions() ORDER BY ALL',
  );
  return reader.getRows().map(([name, kind, types]) => ({
    name: String(name),
    kind: String(kind),
    types: JSON.parse(String(types)) as string[],
  }));
};

/** Arguments by the types of the engine's own signatures. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  ANY: 'int',
  'ANY[]': 'ints',
  BIGINT: 'bigint',
  'BIGINT[]': 'bigints',
  BIT: 'bits',
  BLOB: 'blob',
  BOOLEAN: 'bool',
  'BOOLEAN[]': 'bools',
  DATE: 'day',
  DECIMAL: 'dec',
  DOUBLE: 'double',
  FLOAT: 'float',
  'FLOAT[]': 'floats',
  'FLOAT[3]': 'floats3',
  'FLOAT[ANY]': 'floats3',
  HUGEINT: 'hugeint',
  INTEGER: 'int',
  INTERVAL: 'span',
  JSON: 'j',
  K: "'k'",
  LAMBDA: 'x -> x',
  'MAP(K, V)': 'dict',
  SMALLINT: 'smallint',
  STRUCT: 'rec',
  T: 'int',
  'T[]': 'ints',
  'T[][]': 'lists',
  TIME: 'clock',
  TIMESTAMP: 'ts',
  'TIMESTAMP WITH TIME ZONE': 'tstz',
  'TIME WITH TIME ZONE': 'clocktz',
  TINYINT: 'tinyint',
  UBIGINT: 'ubigint',
  UNION: 'either',
  UUID: 'uuid',
  V: 'int',
  VARCHAR: 'text',
  'VARCHAR[]': 'texts',
};

/** Calls for rows whose signatures do not say enough. */
const SAMPLES: Readonly<Record<string, string>> = {
  aggregate: "aggregate(ints, 'sum')",
  array_aggr: "array_aggr(ints, 'list')",
  array_aggregate: "array_aggregate(ints, 'first')",
  array_to_string: "array_to_string(ints, ';')",
  list_bool_and: 'list_bool_and(bools)',
  list_bool_or: 'list_bool_or(bools)',
  map_concat: 'map_concat(dict, dict)',
  array_reduce: 'array_reduce(ints, (x, y) -> x + y)',
  bitstring_agg: 'bitstring_agg(int, 1, 9)',
  days_in_month: 'days_in_month(day)',
  from_json: `from_json(text, '{"a": "INTEGER"}')`,
  from_json_strict: `from_json_strict(text, '{"a": "INTEGER"}')`,
  json_transform: `json_transform(text, '{"a": "INTEGER"}')`,
  json_transform_strict: `json_transform_strict(text, '{"a": "INTEGER"}')`,
  json_object: "json_object('a', int)",
  list_aggr: "list_aggr(ints, 'MAX')",
  list_aggregate: "list_aggregate(texts, 'string_agg', ';')",
  list_reduce: 'list_reduce(ints, lambda x, y: x + y, 0)',
  map_contains_entry: "map_contains_entry(dict, 'a', int)",
  map_contains_value: 'map_contains_value(dict, int)',
  map_from_entries: 'map_from_entries([(text, int)])',
  position: "position('a' IN text)",
  quantile: 'quantile(int, 0.5)',
  quantile_cont: 'quantile_cont(int, [0.25, 0.75])',
  quantile_disc: 'quantile_disc(text, 0.5)',
  reduce: 'reduce(ints, (x, y, i) -> x + y + i)',
  strptime: "strptime(text, '%Y')",
  struct_concat: 'struct_concat(rec, {z: 1})',
  struct_contains: 'struct_contains((1, int), 1)',
  struct_extract: "struct_extract(rec, 'a')",
  struct_extract_at: 'struct_extract_at((1, int), 1)',
  struct_has: 'struct_has((1, int), 1)',
  struct_indexof: 'struct_indexof((1, int), 1)',
  struct_insert: 'struct_insert(rec, z := 1)',
  struct_pack: 'struct_pack(z := 1)',
  struct_position: 'struct_position((1, int), 1)',
  struct_update: 'struct_update(rec, a := 1)',
  switch: "switch(int, MAP {1: 'one'})",
  try_strptime: "try_strptime(text, ['%Y', '%y'])",
  union_extract: "union_extract(either, 'num')",
  union_value: 'union_value(z := 1)',
};

/** Tried where the engine's signature names no types, as it does for macros and for any number of arguments. */
const GUESSES = [
  'int',
  'text',
  'blob',
  'ints',
  'ints, ints',
  'ints, int',
  'int, ints',
  'ints, int, int',
  'texts, text',
  'text, text, int',
  'mood',
  'mood, mood',
  'dict',
  'rec',
  '',
];

const operatorCall = (name: string, [first = '', second]: readonly string[]): string => {
  if (name === '!__postfix') return `${first} !`;
  return second === undefined ? `${name} ${first}` : `${first} ${name} ${second}`;
};

const callsOf = (name: string, signatures: readonly Signature[]): readonly string[] => {
  const sample = SAMPLES[name];
  if (sample !== undefined) return [sample];
  const known = SQL_FUNCTIONS.get(name);
  const order = known?.kind === 'aggregate' && known.isOrderDependent;
  const guesses = /^[a-z]/.test(name) && !order ? GUESSES.map((guess) => `${name}(${guess})`) : [];
  return signatures
    .filter(
      (signature) => signature.name === name && ['scalar', 'aggregate', 'macro'].includes(signature.kind),
    )
    .map(({ types }) => {
      const values = types.map((type) => ARGUMENTS[type] ?? 'int');
      if (!/^[a-z]/.test(name)) return operatorCall(name, values);
      return `${name}(${values.join(', ')}${order === true ? ` ORDER BY ${values[0]}` : ''})`;
    })
    .concat(guesses);
};

/** For each name `bound`, or what stood against the last of its calls. */
const verdictsOf = async (connection: DuckDBConnection, names: readonly string[]) => {
  const signatures = await signaturesOf(connection);
  const calls = names.flatMap((name) => callsOf(name, signatures).map((text) => ({ name, text })));
  const texts = calls.map(({ text }) => text);
  const [scalar, aggregate] = await Promise.all(
    (['scalar', 'aggregate'] as const).map((use) =>
      judge(connection, texts, { columns: TYPED_COLUMNS, use }),
    ),
  );
  const verdicts = new Map<string, string>();
  for (const [index, { name, text }] of calls.entries()) {
    if (verdicts.get(name) === 'bound') continue;
    const judged = (SQL_FUNCTIONS.get(name)?.kind === 'aggregate' ? aggregate : scalar)?.[index];
    const problems =
      judged?.expression === undefined || judged.problems.length > 0
        ? (judged?.problems ?? [])
        : (
            await bindExpressions(connection, [{ path: name, expression: judged.expression }], {
              columns: TYPED_COLUMNS,
            })
          ).problems;
    verdicts.set(name, problems.length === 0 ? 'bound' : `${text}: ${problems[0]?.message}`);
  }
  return verdicts;
};

describe('SQL_FUNCTIONS and SQL_REFUSALS', () => {
  it('name each function of the engine in exactly one of the two', async () => {
    const names = new Set((await inSession(signaturesOf)).map(({ name }) => name));
    const both = [...SQL_FUNCTIONS.keys()].filter((name) => SQL_REFUSALS.has(name));
    const neither = [...names].filter((name) => !SQL_FUNCTIONS.has(name) && !SQL_REFUSALS.has(name));
    const unknown = [...SQL_FUNCTIONS.keys(), ...SQL_REFUSALS.keys()].filter((name) => !names.has(name));
    expect({ both, neither, unknown }).toEqual({ both: [], neither: [], unknown: [] });
  });

  it('tell aggregates from scalar functions as the engine does', async () => {
    const kinds = new Map((await inSession(signaturesOf)).map(({ name, kind }) => [`${name} ${kind}`, kind]));
    // These macros hold an aggregate.
    const macros = ['geomean', 'geometric_mean', 'wavg', 'weighted_avg'];
    const wrong = [...SQL_FUNCTIONS].filter(
      ([name, { kind }]) =>
        !macros.includes(name) &&
        (kind === 'aggregate') !== kinds.has(`${name} aggregate`) &&
        name !== 'aggregate',
    );
    expect(wrong.map(([name]) => name)).toEqual([]);
  });

  it('name for each aggregate the function that the engine resolves its alias to', async () => {
    const aliases = await inSession(async (connection) => {
      const sql = `SELECT DISTINCT function_name, alias_of FROM duckdb_functions() WHERE function_type = 'aggregate' AND alias_of IS NOT NULL`;
      return new Map(
        (await connection.runAndReadAll(sql)).getRows().map(([name, of]) => [String(name), String(of)]),
      );
    });
    const wrong = [...SQL_FUNCTIONS].filter(
      ([name, row]) => row.kind === 'aggregate' && aliases.has(name) && aliases.get(name) !== row.canonical,
    );
    expect(wrong).toEqual([]);
  });

  describe('of the allow-list', () => {
    const names = [...SQL_FUNCTIONS.keys()];
    let verdicts: ReadonlyMap<string, string> = new Map();
    beforeAll(async () => {
      verdicts = await inSession((connection) => verdictsOf(connection, names));
    });

    it.each(names)('a call of %s parses, checks and binds', (name) => {
      expect(verdicts.get(name)).toBe('bound');
    });
  });

  describe('of the refusals', () => {
    const names = [...SQL_REFUSALS.keys()];
    let judged: readonly Judged[] = [];
    beforeAll(async () => {
      const calls = names.map((name) => `"${name}"(int)`);
      judged = await inSession((connection) =>
        judge(connection, calls, { columns: TYPED_COLUMNS, use: 'scalar' }),
      );
    });

    it.each(names.map((name, index) => ({ name, index })))('rejects $name', ({ name, index }) => {
      const messages = judged[index]?.problems.map(({ message }) => message);
      expect(messages).toEqual([expect.stringContaining(`${name} is refused: `)]);
    });
  });
});
