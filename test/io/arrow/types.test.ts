import { describe, expect, it } from 'vitest';
import { encodeQuery, loadTable, printRows, printTypes, withConnection } from './round-trip.ts';

/** One case a type: values with the edges of the type, nulls between them. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  BOOLEAN: ['true', 'NULL', 'false'],
  TINYINT: ['-128', '127', 'NULL', '0'],
  SMALLINT: ['-32768', '32767', 'NULL'],
  INTEGER: ['-2147483648', '2147483647', 'NULL'],
  BIGINT: ['-9223372036854775808', '9223372036854775807', 'NULL'],
  UTINYINT: ['255', '0', 'NULL'],
  USMALLINT: ['65535', 'NULL'],
  UINTEGER: ['4294967295', 'NULL'],
  UBIGINT: ['18446744073709551615', 'NULL'],
  HUGEINT: [
    '99999999999999999999999999999999999999',
    '-99999999999999999999999999999999999999',
    '-1',
    'NULL',
    '170',
  ],
  UHUGEINT: ['99999999999999999999999999999999999999', '0', 'NULL'],
  FLOAT: ["'NaN'", "'inf'", "'-inf'", "'-0.0'", '1.5', '3.4028235e38', 'NULL'],
  DOUBLE: ["'NaN'", "'inf'", "'-0.0'", '1e308', '5e-324', 'NULL', '0.1'],
  'DECIMAL(4,1)': ['-999.9', '999.9', 'NULL', '0.1'],
  'DECIMAL(9,3)': ['-999999.999', '999999.999', 'NULL'],
  'DECIMAL(18,3)': ['-999999999999999.999', '999999999999999.999', 'NULL', '-0.001'],
  'DECIMAL(38,10)': ['-9999999999999999999999999999.9999999999', '1', 'NULL'],
  VARCHAR: [
    "''",
    "'twelve bytes'",
    "'thirteen byte'",
    "'\u00e4\u00f6\u00fc \u4e2d\u6587 \ud83d\ude00'",
    'NULL',
    "repeat('long ', 5000)",
    "'a'||chr(0)||'b'",
  ],
  JSON: [`'{"a": [1, null]}'`, 'NULL', "'1'"],
  BLOB: ["'\\x00\\xFF'", "''", 'NULL', "'\\xAA' || repeat('b', 100)::BLOB"],
  BIT: ["'0101'", "'1'", 'NULL', "repeat('10', 100)"],
  BIGNUM: ["'123456789012345678901234567890123456789012345678901234567890'", "'-1'", 'NULL'],
  DATE: ["'1970-01-01'", "'infinity'", "'-infinity'", "'0044-03-15 (BC)'", "'5881580-07-10'", 'NULL'],
  TIME: ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'", 'NULL'],
  TIME_NS: ["'23:59:59.999999999'", 'NULL'],
  'TIME WITH TIME ZONE': ["'12:34:56.789+05:30'", "'00:00:00-15:59:59'", 'NULL'],
  TIMESTAMP: [
    "'1992-09-20 11:30:00.123456'",
    "'infinity'",
    "'-infinity'",
    "'290309-12-22 (BC) 00:00:00'",
    'NULL',
  ],
  TIMESTAMP_S: ["'1992-09-20 11:30:00'", 'NULL'],
  TIMESTAMP_MS: ["'1992-09-20 11:30:00.123'", 'NULL'],
  TIMESTAMP_NS: ["'1992-09-20 11:30:00.123456789'", 'NULL'],
  'TIMESTAMP WITH TIME ZONE': ["'1992-09-20 11:30:00.123456+02:00'", 'NULL', "'infinity'"],
  INTERVAL: ["'1 month'", "'30 days'", "'-1 year -2 days 03:04:05.678901'", "'720 hours'", 'NULL'],
  UUID: [
    "'00000000-0000-0000-0000-000000000000'",
    "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    'NULL',
    "'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'",
  ],
  "ENUM('a', 'it''s', '')": ["'a'", "'it''s'", "''", 'NULL'],
  'INTEGER[]': ['[1, NULL, 3]', '[]', 'NULL', '[4]'],
  'VARCHAR[][]': ["[['a', 'longer than twelve bytes'], NULL, []]", 'NULL', "[[NULL, 'x']]"],
  'INTEGER[3]': ['[1, NULL, 3]', 'NULL', '[4, 5, 6]'],
  'VARCHAR[2]': ["['a', 'longer than twelve bytes']", 'NULL', "[NULL, 'b']"],
  'STRUCT(a INTEGER, b VARCHAR)': [
    "{'a': 1, 'b': 'longer than twelve bytes'}",
    'NULL',
    "{'a': NULL, 'b': NULL}",
  ],
  'STRUCT(a STRUCT("b c" DECIMAL(5,2)[]), d UUID)': [
    "{'a': {'b c': [1.25, NULL]}, 'd': NULL}",
    'NULL',
    "{'a': NULL, 'd': 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'}",
  ],
  'MAP(VARCHAR, INTEGER)': ["MAP {'k': 1, 'longer than twelve bytes': NULL}", 'MAP {}', 'NULL'],
  'MAP(INTEGER, STRUCT(a BOOLEAN, b TIMESTAMP)[])': [
    "MAP {1: [{'a': true, 'b': NULL}, NULL], 2: NULL}",
    'NULL',
  ],
  "ENUM('x', 'y')[]": ["['x', NULL, 'y']", 'NULL', '[]'],
  'STRUCT(l HUGEINT[], i INTERVAL)[2]': ["[{'l': [1, -1], 'i': '1 day'}, NULL]", 'NULL'],
};

const queryOf = (type: string, values: readonly string[]): string =>
  `SELECT CAST(v AS ${type}) AS v FROM (${values.map((value) => `SELECT CAST(${value} AS ${type}) AS v`).join(' UNION ALL ')})`;

describe('the bridge', () => {
  for (const [type, values] of Object.entries(CASES)) {
    for (const codec of ['zstd', 'none'] as const)
      it(`brings ${type} back, values and type (${codec})`, async () => {
        await withConnection(async (connection) => {
          const query = queryOf(type, values);
          const { bytes, rows } = await encodeQuery(connection, query, { codec });
          expect(await loadTable(connection, 'back', bytes)).toBe(rows);
          expect(await printRows(connection, 'FROM back')).toEqual(await printRows(connection, query));
          expect(await printTypes(connection, 'FROM back')).toEqual(await printTypes(connection, query));
        });
      });
  }
});
