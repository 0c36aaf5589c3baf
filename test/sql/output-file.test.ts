import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OutputFormat, outputColumns, outputType, renderCopy } from '../../functions/sql/output-file.ts';

let folder: string;
let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'daybreak-output-'));
  instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

/** A value of each type that an expression can make, and the type it has in a Parquet output. */
const STORED = [
  ['true', 'BOOLEAN'],
  ['1::TINYINT', 'TINYINT'],
  ['1::SMALLINT', 'SMALLINT'],
  ['1::INTEGER', 'INTEGER'],
  ['1::BIGINT', 'BIGINT'],
  ['1::UTINYINT', 'UTINYINT'],
  ['1::USMALLINT', 'USMALLINT'],
  ['1::UINTEGER', 'UINTEGER'],
  ['18446744073709551615::UBIGINT', 'UBIGINT'],
  ['99999999999999999999999999999999999999::HUGEINT', 'DECIMAL(38,0)'],
  ['99999999999999999999999999999999999999::UHUGEINT', 'DECIMAL(38,0)'],
  ["'nan'::FLOAT", 'FLOAT'],
  ["'-0.0'::DOUBLE", 'DOUBLE'],
  ['1.5::DECIMAL(4,1)', 'DECIMAL(4,1)'],
  ['1.5::DECIMAL(38,9)', 'DECIMAL(38,9)'],
  ["'a' || chr(0)", 'VARCHAR'],
  ["'\\x00'::BLOB", 'BLOB'],
  ["'101'::BIT", 'VARCHAR'],
  ["UUID '80000000-0000-4000-8000-000000000001'", 'UUID'],
  ["DATE '1969-12-31'", 'DATE'],
  ["TIME '12:00:00.5'", 'TIME'],
  ["'12:00:00.123456789'::TIME_NS", 'VARCHAR'],
  ["TIMESTAMP '1969-12-31 23:59:59.999999'", 'TIMESTAMP'],
  ["'1969-12-31 23:59:59'::TIMESTAMP_S", 'TIMESTAMP'],
  ["'1969-12-31 23:59:59.999'::TIMESTAMP_MS", 'TIMESTAMP'],
  ["'2024-01-01 00:00:00.123456789'::TIMESTAMP_NS", 'TIMESTAMP_NS'],
  ["TIMESTAMPTZ '2024-01-01 00:00:00+02'", 'TIMESTAMP WITH TIME ZONE'],
  ["INTERVAL '1 month 3 microseconds'", 'VARCHAR'],
  ["'a'::ENUM('HUGEINT', 'a')", 'VARCHAR'],
  ['\'{"a": 1}\'::JSON', 'JSON'],
  ['[1, NULL]', 'INTEGER[]'],
  ['[]', 'INTEGER[]'],
  ['NULL', 'INTEGER'],
  ['[1, 2, 3]::INTEGER[3]', 'INTEGER[]'],
  ['[[1::HUGEINT]]', 'DECIMAL(38,0)[][]'],
  ["MAP {'a'::ENUM('a'): INTERVAL 1 DAY}", 'MAP(VARCHAR, VARCHAR)'],
  ["union_value(k := 'x')", 'JSON'],
  ["{'u': [union_value(k := 1)], 'b': '1'::BIT}", 'STRUCT(u JSON[], b VARCHAR)'],
  [
    "{'HUGEINT': 1::HUGEINT, 'interval': INTERVAL 1 DAY}",
    'STRUCT(HUGEINT DECIMAL(38,0), "interval" VARCHAR)',
  ],
  [`{'a "b, (c': 1::HUGEINT, 'BIT': 'a)'::ENUM('a)')}`, 'STRUCT("a ""b, (c" DECIMAL(38,0), "BIT" VARCHAR)'],
] as const;

const describeType = async (sql: string): Promise<string> =>
  String((await connection.runAndReadAll(`DESCRIBE ${sql}`)).getRows()[0]?.[1]);

const copy = async (value: string, format: OutputFormat): Promise<string> => {
  const sql = `SELECT ${value} AS "x""y"`;
  const path = join(folder, `out.${format}`);
  const columns = [{ name: 'x"y', type: await describeType(sql) }];
  await connection.run(renderCopy({ sql, columns, format, path }));
  return path;
};

const readOne = async (sql: string): Promise<unknown> =>
  (await connection.runAndReadAll(sql)).getRowsJson()[0]?.[0];

describe('a Parquet output', () => {
  it.each(STORED)('holds %s as %s, as its columns say', async (value, stored) => {
    const path = await copy(value, 'parquet');
    const type = await describeType(`SELECT ${value} AS x`);
    expect(outputType(type, 'parquet')).toBe(stored);
    expect(await describeType(`SELECT * FROM read_parquet('${path}')`)).toBe(stored);
  });

  it.each(STORED)('keeps the value of %s', async (value, stored) => {
    const path = await copy(value, 'parquet');
    const expected = await readOne(`SELECT CAST(${value} AS ${stored})::VARCHAR`);
    expect(await readOne(`SELECT "x""y"::VARCHAR FROM read_parquet('${path}')`)).toBe(expected);
  });

  it('keeps columns that need no change as the query gives them', () => {
    const columns = [{ name: 'a', type: 'BIGINT' }];
    expect(renderCopy({ sql: 'SELECT a', columns, format: 'parquet', path: "/it's" })).toBe(
      "COPY (\nSELECT a\n) TO '/it''s' (FORMAT parquet)",
    );
    expect(outputColumns(columns, 'parquet')).toEqual(columns);
  });

  it.each([
    '170141183460469231731687303715884105727::HUGEINT',
    '[340282366920938463463374607431768211455::UHUGEINT]',
  ])('fails where DECIMAL(38,0) cannot hold %s', async (value) => {
    await expect(copy(value, 'parquet')).rejects.toThrow(/Conversion Error.*DECIMAL\(38,0\)/);
  });
});

/** DuckDB's own words: what a reader of the text gets. */
const TEXTS = [
  ['170141183460469231731687303715884105727::HUGEINT', '{"x\\"y":170141183460469231731687303715884105727}'],
  ['1.5::DECIMAL(38,10)', '{"x\\"y":1.5000000000}'],
  ["INTERVAL '1 month 3 microseconds'", '{"x\\"y":"1 month 00:00:00.000003"}'],
  ["'a' || chr(10) || chr(0)", '{"x\\"y":"a\\n\\u0000"}'],
  ['[1, NULL]', '{"x\\"y":[1,null]}'],
  ["union_value(k := 'x')", '{"x\\"y":{"k":"x"}}'],
  ["TIMESTAMPTZ '2024-01-01 00:00:00+02'", '{"x\\"y":"2023-12-31 22:00:00+00"}'],
] as const;

/** Values that hold what is no JSON number, and what JSON.parse makes of the line. */
const INFINITE = [
  ["'nan'::DOUBLE", 'NaN'],
  ["'inf'::FLOAT", 'Infinity'],
  ["'-inf'::DOUBLE", '-Infinity'],
  ['0.1::DOUBLE', 0.1],
  ['0.1::FLOAT', 0.10000000149011612],
  ['NULL::DOUBLE', null],
  ["['1.5', 'nan', NULL]::DOUBLE[]", [1.5, 'NaN', null]],
  ["[['inf']]::FLOAT[][]", [['Infinity']]],
  ['NULL::DOUBLE[]', null],
  ["['1.5', 'nan']::DOUBLE[2]", [1.5, 'NaN']],
  ["{'it''s \"a\"': 'nan'::DOUBLE, 'n': 1}", { 'it\'s "a"': 'NaN', n: 1 }],
  ['NULL::STRUCT(x DOUBLE)', null],
  ["[{'l': [{'x': '-inf'::DOUBLE}]}, NULL]", [{ l: [{ x: '-Infinity' }] }, null]],
  ["MAP {'k': 'nan'::DOUBLE}", { k: 'NaN' }],
  ["MAP {'nan'::DOUBLE: [2]}", { nan: [2] }],
  ["MAP {'k': {'x': ['inf'::DOUBLE]}}", { k: { x: ['Infinity'] } }],
  ['NULL::MAP(VARCHAR, DOUBLE)', null],
  ["union_value(k := 'nan'::DOUBLE)", { k: 'NaN' }],
  ["'x'::UNION(k DOUBLE, s VARCHAR)", { s: 'x' }],
  ['NULL::UNION(k DOUBLE, s VARCHAR)', null],
] as const;

describe('a text output', () => {
  it.each(INFINITE)('writes %s as JSON that every parser reads', async (value, parsed) => {
    const lines = readFileSync(await copy(value, 'jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([{ 'x"y': parsed }]);
  });

  it('writes NULL in a CSV of one column as "", so that no reader passes over the row', async () => {
    const path = join(folder, 'one.csv');
    for (const [type, values, text] of [
      ['VARCHAR', "(NULL), ('a,b'), ('')", '""\n"a,b"\n""\n'],
      ['DOUBLE', '(NULL), (1.5), (NULL)', '""\n1.5\n""\n'],
      ['BLOB', "(NULL), ('\\x00a'::BLOB)", '""\n\\x00a\n'],
    ] as const) {
      const sql = `SELECT * FROM (VALUES ${values}) AS t(a)`;
      await connection.run(renderCopy({ sql, columns: [{ name: 'a', type }], format: 'csv', path }));
      expect(readFileSync(path, 'utf8')).toBe(`a\n${text}`);
    }
  });

  it.each(TEXTS)('writes %s as a line of JSON', async (value, line) => {
    expect(readFileSync(await copy(value, 'jsonl'), 'utf8')).toBe(`${line}\n`);
  });

  it('writes CSV with a header, and tells NULL from an empty text', async () => {
    const sql = `SELECT * FROM (VALUES ('a,"b"', 1::HUGEINT), ('', NULL), (NULL, 2)) AS t("x""y", n)`;
    const columns = [
      { name: 'x"y', type: 'VARCHAR' },
      { name: 'n', type: 'HUGEINT' },
    ];
    const path = join(folder, 'out.csv');
    await connection.run(renderCopy({ sql, columns, format: 'csv', path }));
    expect(readFileSync(path, 'utf8')).toBe('"x""y",n\n"a,""b""",1\n"",\n,2\n');
  });

  it('names the types of the query, which text can hold', () => {
    const columns = [{ name: 'h', type: "STRUCT(a HUGEINT, e ENUM('x'))" }];
    expect(outputColumns(columns, 'jsonl')).toEqual(columns);
    expect(outputColumns(columns, 'csv')).toEqual(columns);
  });
});
