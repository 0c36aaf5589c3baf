import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryRows } from '../../functions/io/query-rows.ts';
import { renderReadInput } from '../../functions/sql/read-input.ts';
import { withFolder, withInput } from '../io/open-input.ts';

const TYPES = [
  'BIGINT',
  'UTINYINT',
  'HUGEINT',
  'DOUBLE',
  'DECIMAL(18,3)',
  'BOOLEAN',
  'VARCHAR',
  'DATE',
  'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE',
  'TIME',
  'UUID',
  'INTERVAL',
  'JSON',
  'BIGINT[]',
  'VARCHAR[]',
  'JSON[]',
  'STRUCT(x BIGINT, y VARCHAR)',
  'STRUCT(x STRUCT(y BIGINT), z VARCHAR[])[]',
  'MAP(VARCHAR, STRUCT(x BIGINT))',
  'STRUCT("a /~""b" BIGINT)',
  'BIGINT[][]',
];

const SCALARS = [
  '1',
  '-7',
  '1.5',
  '1e3',
  '1e400',
  '9223372036854775807',
  '9223372036854775808',
  '123456789012345678901234567890',
  'true',
  'null',
  '"x"',
  '"7"',
  '" 7 "',
  '""',
  '"2020-01-01"',
  '"2020-13-01"',
  '"2020-01-01 10:00:00"',
  '"2020-01-01T10:00:00+02"',
  '"10:00:00"',
  '"\\u00e9\\ud83d\\ude00"',
  '"a\\"b\\\\c\\n"',
  '"\\u0000"',
  'NaN',
  '-0.0',
  '"6f9619ff-8b86-d011-b42d-00c04fc964ff"',
  '"3 days"',
  '"é"',
  '300',
];

const KEYS = ['x', 'y', 'z', 'a /~\\"b'];

const json = fc.letrec<{ value: string; object: string; list: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(...SCALARS),
    tie('object'),
    tie('list'),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom(...KEYS), tie('value')), { maxLength: 3 })
    .map((fields) => `{${fields.map(([key, value]) => `"${key}":${value}`).join(',')}}`),
  list: fc.array(tie('value'), { maxLength: 3 }).map((values) => `[${values.join(',')}]`),
}));

const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(json.value, fc.constantFrom('', ',"b":1', ',"b":null', ',"b":"x"', ',"b":2,"z":0'))
      .map(([value, rest]) => `{"a":${value}${rest}}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '{bad',
      '[1]',
      '5',
      'null',
      '{"b":2}',
      '{"a":1,"a":2}',
      '{"q":1,"q":2}',
      ' {} ',
    ),
  },
);

describe('a tolerant read of JSON lines', () => {
  it.each(TYPES)('gives the values of a strict read, and rejects what that refuses: %s', (type) =>
    withFolder(async (folder) => {
      await writeFile(join(folder, 'a.jsonl'), '{}');
      await withInput(
        folder,
        { uri: 'a.jsonl', jsonl: { columns: { a: type, b: 'INTEGER' } } },
        async (connection, input) => {
          const [file] = input.files;
          if (file === undefined) throw new Error('the input has one file');
          const read = (tolerant: boolean) =>
            queryRows(
              connection,
              `SELECT a, CAST(a AS VARCHAR), b FROM ${renderReadInput(input, { tolerant })}`,
            ).then(
              (rows) => JSON.stringify(rows),
              () => '[]',
            );
          await fc.assert(
            fc.asyncProperty(line, async (text) => {
              await writeFile(file.path, `${text}\n`);
              expect(await read(true)).toBe(await read(false));
            }),
            { numRuns: 25 },
          );
        },
      );
    }),
  );

  it.each([
    ['"31.12.2024"', '2024-12-31'],
    ['"2024-12-31"', undefined],
    ['5', undefined],
    ['null', null],
  ])('reads dates of a given format as a strict read: %s', (value, date) =>
    withFolder(async (folder) => {
      await writeFile(join(folder, 'a.jsonl'), `{"a":${value}}\n`);
      const jsonl = { columns: { a: 'DATE' }, dateformat: '%d.%m.%Y' };
      await withInput(folder, { uri: 'a.jsonl', jsonl }, async (connection, input) => {
        const read = (tolerant: boolean) =>
          queryRows(connection, `SELECT a FROM ${renderReadInput(input, { tolerant })}`).catch(() => []);
        const expected = date === undefined ? [] : [{ a: date }];
        expect(await read(true)).toEqual(expected);
        expect(await read(false)).toEqual(expected);
      });
    }),
  );
});
