import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { columnTexts, type InputRequest, openAll, readRows, withFolder, withInput } from './open-input.ts';

type Files = Readonly<Record<string, string | Buffer>>;

const put = async (folder: string, files: Files): Promise<void> => {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
};

/** Columns and all rows of an input made of `files`. */
const read = (files: Files, request: Partial<InputRequest> = {}) =>
  withFolder(async (folder) => {
    await put(folder, files);
    return withInput(folder, { uri: '.', ...request }, async (connection, input, out) => {
      const opened = await openAll(input, out);
      return {
        columns: columnTexts(input),
        rows: await readRows(connection, opened),
        serial: await readRows(connection, opened, { tolerant: false, scan: 'serial' }),
        input,
      };
    });
  });

const parquet = async (folder: string, statements: Readonly<Record<string, string>>): Promise<void> => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const [name, sql] of Object.entries(statements))
    await connection.run(`COPY (${sql}) TO '${join(folder, name)}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
};

const readParquet = (statements: Readonly<Record<string, string>>, request: Partial<InputRequest> = {}) =>
  withFolder(async (folder) => {
    await parquet(folder, statements);
    return withInput(folder, { uri: '.', ...request }, async (connection, input) => ({
      columns: columnTexts(input),
      rows: await readRows(connection, input),
      input,
    }));
  });

describe('CSV', () => {
  it.each<[string, Files, Partial<InputRequest>, string[], unknown[][]]>([
    [
      'types of a header and rows',
      { 'a.csv': 'a,b,d\n1,x,2024-01-02\n' },
      {},
      ['a BIGINT', 'b VARCHAR', 'd DATE'],
      [['1', 'x', '2024-01-02']],
    ],
    [
      'another delimiter',
      { 'a.csv': 'a;b\n1;2,5\n' },
      { csv: { decimal_separator: ',' } },
      ['a BIGINT', 'b DOUBLE'],
      [['1', 2.5]],
    ],
    [
      'no header',
      { 'a.csv': '1,2\n3,4\n' },
      {},
      ['column0 BIGINT', 'column1 BIGINT'],
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      'given names',
      { 'a.csv': '1,2\n' },
      { csv: { names: ['p', 'q'] } },
      ['p BIGINT', 'q BIGINT'],
      [['1', '2']],
    ],
    ['a header alone', { 'a.csv': 'a,b\n' }, {}, ['a VARCHAR', 'b VARCHAR'], []],
    [
      'an empty file and a header alone, which say nothing of types',
      { 'a.csv': 'a\n1\n', 'b.csv': '', 'c.csv': 'a\n', 'd.csv': '\u{FEFF}' },
      {},
      ['a BIGINT'],
      [['1']],
    ],
    [
      'another order of columns, by name',
      { 'a.csv': 'a,b\n1,x\n', 'b.csv': 'b,a\ny,2\n' },
      {},
      ['a BIGINT', 'b VARCHAR'],
      [
        ['1', 'x'],
        ['2', 'y'],
      ],
    ],
    [
      'names that differ in case',
      { 'a.csv': 'a,b\n1,2\n', 'b.csv': 'A,B\n3,4\n' },
      {},
      ['a BIGINT', 'b BIGINT'],
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      'lacking columns as NULL with schema: union',
      { 'a.csv': 'a,b\n1,x\n', 'b.csv': 'c,a\n2,2.5\n' },
      { schema: 'union' },
      ['a DOUBLE', 'b VARCHAR', 'c BIGINT'],
      [
        [1, 'x', null],
        [2.5, null, '2'],
      ],
    ],
    [
      'a column that one file leaves empty',
      { 'a.csv': 'a,b\n1,\n', 'b.csv': 'a,b\n2,3\n' },
      {},
      ['a BIGINT', 'b BIGINT'],
      [
        ['1', null],
        ['2', '3'],
      ],
    ],
    [
      'types that differ, widened',
      { 'a.csv': 'a,b\n1,1\n', 'b.csv': 'a,b\n1.5,x\n' },
      {},
      ['a DOUBLE', 'b VARCHAR'],
      [
        [1, '1'],
        [1.5, 'x'],
      ],
    ],
    ['a byte order mark', { 'a.csv': '\u{FEFF}a\n1\n', 'b.csv': 'a\n2\n' }, {}, ['a BIGINT'], [['1'], ['2']]],
    [
      'CR LF beside LF in another file',
      { 'a.csv': 'a,b\r\n1,x\r\n', 'b.csv': 'a,b\n2,y\n' },
      {},
      ['a BIGINT', 'b VARCHAR'],
      [
        ['1', 'x'],
        ['2', 'y'],
      ],
    ],
    [
      'quotes that the largest file does not have',
      { 'a.csv': 'a,b\n1,xxxxxxxxxxxx\n', 'b.csv': 'a,b\n2,"y,z"\n' },
      {},
      ['a BIGINT', 'b VARCHAR'],
      [
        ['1', 'xxxxxxxxxxxx'],
        ['2', 'y,z'],
      ],
    ],
    [
      'gzip and zstd',
      {
        'a.csv.gz': gzipSync('a\n1\n'),
        'b.csv.zst': zstdCompressSync(Buffer.from('a\n2\n')),
        'c.csv': 'a\n3\n',
      },
      {},
      ['a BIGINT'],
      [['1'], ['2'], ['3']],
    ],
    [
      'declared columns in place of a header',
      { 'a.csv': 'x,y\n3,4\n' },
      { csv: { columns: { p: 'INTEGER', q: 'VARCHAR' } } },
      ['p INTEGER', 'q VARCHAR'],
      [[3, '4']],
    ],
    [
      'declared columns by name where the header has just these',
      { 'a.csv': 'q,p\n3,4\n' },
      { csv: { columns: { p: 'INTEGER', q: 'VARCHAR' } } },
      ['p INTEGER', 'q VARCHAR'],
      [[4, '3']],
    ],
    [
      'declared columns of empty files',
      { 'a.csv': '' },
      { csv: { columns: { p: 'INTEGER' } } },
      ['p INTEGER'],
      [],
    ],
    [
      'given types, the rest found',
      { 'a.csv': 'a,b\n1,2\n' },
      { csv: { types: { A: 'VARCHAR' } } },
      ['a VARCHAR', 'b BIGINT'],
      [['1', '2']],
    ],
    [
      'a format of dates',
      { 'a.csv': 'a\n31.12.2024\n' },
      { csv: { dateformat: '%d.%m.%Y' } },
      ['a DATE'],
      [['2024-12-31']],
    ],
    [
      'texts for NULL',
      { 'a.csv': 'a,b\n1,NA\n-,x\n' },
      { csv: { nullstr: ['NA', '-'] } },
      ['a BIGINT', 'b VARCHAR'],
      [
        ['1', null],
        [null, 'x'],
      ],
    ],
    [
      'tabs in .tsv, commas in values',
      { 'a.tsv': 'a\tb\n1,2\tx\n' },
      {},
      ['a VARCHAR', 'b VARCHAR'],
      [['1,2', 'x']],
    ],
    ['NUL in a value', { 'a.csv': 'a,b\nx\0y,2\n' }, {}, ['a VARCHAR', 'b BIGINT'], [['x\0y', '2']]],
    [
      'latin-1',
      { 'a.csv': Buffer.from('a,b\n1,\xe9\n', 'latin1') },
      { csv: { encoding: 'latin-1' } },
      ['a BIGINT', 'b VARCHAR'],
      [['1', 'é']],
    ],
    [
      'UTF-16',
      { 'a.csv': Buffer.from('\u{FEFF}a,b\n1,é\n', 'utf16le') },
      { csv: { encoding: 'utf-16' } },
      ['a BIGINT', 'b VARCHAR'],
      [['1', 'é']],
    ],
    [
      'key=value folders and the file',
      { 'year=2024/k=a%20b/a.csv': 'a\n1\n', 'year=2023/k=__HIVE_DEFAULT_PARTITION__/a.csv': 'a\n2\n' },
      {},
      ['a BIGINT', 'year BIGINT', 'k VARCHAR'],
      [
        ['1', '2024', 'a b'],
        ['2', '2023', null],
      ],
    ],
    [
      'no key=value folders where told so',
      { 'year=2024/a.csv': 'year\n1\n' },
      { hive: false },
      ['year BIGINT'],
      [['1']],
    ],
    [
      'no hive columns where one file lacks them',
      { 'year=2024/a.csv': 'a\n1\n', 'b.csv': 'a\n2\n' },
      {},
      ['a BIGINT'],
      [['1'], ['2']],
    ],
  ])('reads %s', async (_, files, request, columns, rows) => {
    const found = await read(files, request);
    expect(found.columns).toEqual(columns);
    expect(found.rows).toEqual(rows);
    expect(found.serial).toEqual(rows);
  });

  it('reads the path of each file as a column', () =>
    withFolder(async (folder) => {
      const name = "we[i]rd*q?'\n{é}.csv";
      await put(folder, { [name]: 'a\n1\n', 'b.csv': 'a\n2\n' });
      await withInput(folder, { uri: '.', filename: 'file' }, async (connection, input) => {
        expect(await readRows(connection, input)).toEqual([
          ['1', join(folder, name)],
          ['2', join(folder, 'b.csv')],
        ]);
      });
    }));

  it('gives the wanted columns in the wanted order', () =>
    withFolder(async (folder) => {
      await put(folder, { 'k=1/a.csv': 'a,b,c\n1,2,3\n' });
      await withInput(folder, { uri: '.', filename: true }, async (connection, input) => {
        const rows = await readRows(connection, input, { tolerant: false, columns: ['k', 'c', 'a'] });
        expect(rows).toEqual([['1', '3', '1']]);
      });
    }));

  it.each<[string, Files, Partial<InputRequest>, string, string]>([
    [
      'files that lack columns',
      { 'a.csv': 'a,b\n1,2\n', 'b.csv': 'a\n2\n' },
      {},
      'InputSchemaError',
      'lacks columns of',
    ],
    [
      'files with more columns',
      { 'a.csv': 'a\n1\n', 'b.csv': 'a,b\n2,3\n' },
      {},
      'InputSchemaError',
      'has more columns than',
    ],
    ['a name twice', { 'a.csv': 'a,A\n1,2\n' }, {}, 'InputSchemaError', 'names a column twice'],
    ['an empty name', { 'a.csv': 'a,,c\n1,2,3\n' }, {}, 'InputSchemaError', 'no name for column 2'],
    ['a NUL in a name', { 'a.csv': 'a\0b,c\n1,2\n' }, {}, 'InputSchemaError', 'control characters'],
    ['only empty files', { 'a.csv': '', 'b.csv': '' }, {}, 'InputSchemaError', 'no columns are known'],
    [
      'a type for a column that is not there',
      { 'a.csv': 'a\n1\n' },
      { csv: { types: { z: 'DATE' } } },
      'InputSchemaError',
      '"z"',
    ],
    [
      'another count than the declared columns',
      { 'a.csv': 'a,b,c\n1,2,3\n' },
      { csv: { columns: { p: 'INTEGER' } } },
      'InputSchemaError',
      'has 3 columns, but csv.columns names 1',
    ],
    [
      'a column that a folder names too',
      { 'a=1/a.csv': 'a\n1\n' },
      {},
      'InputSchemaError',
      'input.hive: false',
    ],
    [
      'a column of the name that input.filename wants',
      { 'a.csv': 'filename\nx\n' },
      { filename: true },
      'InputSchemaError',
      'input.filename',
    ],
    [
      'UTF-16 that is not declared',
      { 'a.csv': Buffer.from('\u{FEFF}a\n1\n', 'utf16le') },
      {},
      'InputFormatError',
      'csv.encoding: utf-16',
    ],
    [
      'another newline than declared',
      { 'a.csv': 'a\r\n1\r\n' },
      { csv: { new_line: '\\n' } },
      'InputFormatError',
      'csv.new_line says',
    ],
    ['20,000 columns', { 'a.csv': `${'a,'.repeat(20_000)}\n` }, {}, 'LimitError', 'the limit is 10000'],
    ['what is not gzip', { 'a.csv.gz': 'a\n1\n' }, {}, 'InputFormatError', 'cannot be read as gzip'],
    [
      'a truncated gzip',
      { 'a.csv.gz': gzipSync(Buffer.alloc(100, 'x')).subarray(0, 20) },
      {},
      'InputFormatError',
      'cannot be read as gzip',
    ],
    [
      'hive: true where one file lies elsewhere',
      { 'k=1/a.csv': 'a\n1\n', 'b.csv': 'a\n2\n' },
      { hive: true },
      'InputSchemaError',
      'other key=value folders',
    ],
  ])('rejects %s', async (_, files, request, name, message) => {
    await expect(read(files, request)).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
    });
  });

  it('names no value of a file in its errors', async () => {
    const secret = 'hunter2secret';
    const files = { 'a.csv': Buffer.from(`a,b\n${secret},\xff\n"${secret}"x,1\n`, 'latin1') };
    await expect(
      read(files, { csv: { types: { a: 'INTEGER' } } }).catch((error: Error) =>
        error.name.startsWith('Input') ? error.message : 'DuckDB',
      ),
    ).resolves.not.toContain(secret);
  });
});

describe('JSON lines', () => {
  it.each<[string, Files, Partial<InputRequest>, string[], unknown[][]]>([
    [
      'absent fields as NULL, objects as structs',
      { 'a.jsonl': '{"a":1,"s":{"x":1,"y":"q"}}\n\n{"b":"z"}\n', 'b.ndjson': '{"a":2,"c":[1]}' },
      {},
      ['a BIGINT', 's STRUCT(x BIGINT, y VARCHAR)', 'b VARCHAR', 'c BIGINT[]'],
      [
        ['1', { x: '1', y: 'q' }, null, null],
        ['2', null, null, ['1']],
        [null, null, 'z', null],
      ],
    ],
    [
      'declared columns',
      { 'a.jsonl': '{"a":"7","z":1}\n' },
      { jsonl: { columns: { a: 'INTEGER' } } },
      ['a INTEGER'],
      [[7]],
    ],
    [
      'declared columns of empty files',
      { 'a.jsonl': '' },
      { jsonl: { columns: { a: 'INTEGER' } } },
      ['a INTEGER'],
      [],
    ],
    ['mixed types as JSON', { 'a.jsonl': '{"a":1}\n{"a":"x"}\n' }, {}, ['a JSON'], [['"x"'], ['1']]],
    [
      'gzip beside none',
      { 'a.jsonl.gz': gzipSync('{"a":1}\n'), 'b.jsonl': '{"a":2}\n' },
      {},
      ['a BIGINT'],
      [['1'], ['2']],
    ],
    [
      'formats of dates',
      { 'a.jsonl': '{"a":"31.12.2024"}\n' },
      { jsonl: { columns: { a: 'DATE' }, dateformat: '%d.%m.%Y' } },
      ['a DATE'],
      [['2024-12-31']],
    ],
    [
      'key=value folders',
      { 'k=1/a.jsonl': '{"a":1}\n', 'k=x/b.jsonl': '{"a":2}\n' },
      {},
      ['a BIGINT', 'k VARCHAR'],
      [
        ['1', '1'],
        ['2', 'x'],
      ],
    ],
  ])('reads %s', async (_, files, request, columns, rows) => {
    const found = await read(files, request);
    expect(found.columns).toEqual(columns);
    expect(found.rows).toEqual(rows);
  });

  it('takes a field named json for what it is', async () => {
    expect((await read({ 'a.jsonl': '{"json":1}\n' })).columns).toEqual(['json BIGINT']);
  });

  it('takes more fields than DuckDB makes columns of', async () => {
    const line = JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i])));
    expect((await read({ 'a.jsonl': `${line}\n` })).columns).toHaveLength(300);
  });

  it('takes the columns of the objects where most lines are objects', async () => {
    const line = '{"a":1,"s":{"x y":[1.5]},"n":null,"t":"2024-01-01"}\n';
    await withFolder(async (folder) => {
      await put(folder, { 'a.jsonl': `${line}[1]\n${line}5\n${line}` });
      await withInput(folder, { uri: '.' }, async (connection, input) => {
        expect(columnTexts(input)).toEqual(['a BIGINT', 's STRUCT("x y" DOUBLE[])', 'n JSON', 't VARCHAR']);
        expect(await readRows(connection, input, { tolerant: true })).toHaveLength(3);
      });
    });
  });

  it('takes lines of many levels, and brackets in a text or in a line that does not close', async () => {
    const deep = `{"a":${'['.repeat(9_000)}${']'.repeat(9_000)}}\n`;
    const text = `{"a":"\\"${'[{'.repeat(20_000)}"}\n`;
    const open = `{"a":${'['.repeat(70_000)}\n`;
    await withFolder(async (folder) => {
      await put(folder, { 'a.jsonl': `${deep}${text}${open}` });
      await withInput(folder, { uri: '.' }, async (_, input) => {
        expect(columnTexts(input)).toEqual(['a JSON']);
      });
    });
  });

  it('takes integers beside decimals for DOUBLE, and keeps their digits where told', async () => {
    const file = { 'a.jsonl': '{"a":9007199254740993}\n{"a":1.5}\n' };
    expect((await read(file)).columns).toEqual(['a DOUBLE']);
    const told = await read(file, { jsonl: { columns: { a: 'DECIMAL(20,1)' } } });
    expect(told.rows).toEqual([['1.5'], ['9007199254740993.0']]);
  });

  it.each<[string, string | Buffer, string]>([
    ['an array', '\n [{"a":1}]', 'it is a JSON array'],
    ['numbers', '1\n2\n', 'no JSON object with fields'],
    ['as many arrays as objects', '{"a":1}\n[1]\n', 'no JSON object with fields'],
    [
      'a line of too many levels',
      `{"a":1}\n${'['.repeat(70_000)}${']'.repeat(70_000)}\n`,
      'on line 2 that nests',
    ],
    ['objects without fields', '{}\n{}\n', 'no JSON object with fields'],
    ['a byte order mark', '\u{FEFF}{"a":1}\n', 'byte order mark'],
    ['UTF-16', Buffer.from('\u{FEFF}{"a":1}\n', 'utf16le'), 'byte order mark'],
  ])('rejects %s', async (_, content, message) => {
    await expect(read({ 'a.jsonl': content })).rejects.toMatchObject({
      name: 'InputFormatError',
      message: expect.stringContaining(message),
    });
  });

  it('rejects fields that differ in case only, and takes a_1 beside a', async () => {
    await expect(read({ 'a.jsonl': '{"a":1,"A":2}\n' })).rejects.toMatchObject({ name: 'InputSchemaError' });
    expect((await read({ 'a.jsonl': '{"a":1,"a_1":2}\n' })).rows).toEqual([['1', '2']]);
  });

  it('rejects empty files without declared columns', async () => {
    await expect(read({ 'a.jsonl': '' })).rejects.toMatchObject({ name: 'InputSchemaError' });
  });
});

describe('Parquet', () => {
  it('reads columns by name, widens them, and counts rows by the footers', async () => {
    const found = await readParquet({
      'a.parquet': "SELECT 1::INTEGER AS a, [1] AS l, {'x': 1} AS s FROM range(3)",
      'b.parquet': "SELECT {'x': 2} AS s, [2] AS l, 5::BIGINT AS a",
    });
    expect(found.columns).toEqual(['a BIGINT', 'l INTEGER[]', 's STRUCT(x INTEGER)']);
    expect(found.rows).toEqual([...Array(3).fill(['1', [1], { x: 1 }]), ['5', [2], { x: 2 }]]);
    expect(found.input.files.map(({ rows }) => rows)).toEqual([3, 1]);
  });

  it('fills lacking columns with NULL where schema is union', async () => {
    const files = { 'a.parquet': 'SELECT 1 AS a', 'b.parquet': "SELECT 'x' AS b" };
    const found = await readParquet(files, { schema: 'union', filename: 'f' });
    expect(found.columns).toEqual(['a INTEGER', 'b VARCHAR', 'f VARCHAR']);
    expect(found.rows.map((row) => row.slice(0, 2))).toEqual([
      [1, null],
      [null, 'x'],
    ]);
    await expect(readParquet(files)).rejects.toMatchObject({ name: 'InputSchemaError' });
  });

  it('rejects types that no type holds both of', async () => {
    await expect(
      readParquet({ 'a.parquet': 'SELECT 1 AS a', 'b.parquet': "SELECT 'x' AS a" }),
    ).rejects.toMatchObject({
      name: 'InputSchemaError',
      message: expect.stringContaining('INTEGER, VARCHAR'),
    });
  });

  it.each([
    ['a truncated file', (whole: Buffer) => whole.subarray(0, whole.length - 20)],
    [
      'a broken footer',
      (whole: Buffer) => Buffer.concat([whole.subarray(0, -30), Buffer.alloc(22, 0xff), whole.subarray(-8)]),
    ],
    ['an empty file', () => Buffer.alloc(0)],
    ['text', () => Buffer.from('a,b\n1,2\n'.repeat(10))],
  ])('rejects %s, and names it', (_, breakIt) =>
    withFolder(async (folder) => {
      await parquet(folder, { 'a.parquet': 'SELECT 1 AS a', 'whole.parquet': 'SELECT 1 AS a' });
      const whole = execFileSync('cat', [join(folder, 'whole.parquet')]);
      await put(folder, { 'whole.parquet': breakIt(whole) });
      await expect(withInput(folder, { uri: '.' }, async () => 0)).rejects.toMatchObject({
        name: 'InputFormatError',
        message: expect.stringContaining('whole.parquet'),
      });
    }),
  );
});

describe('text', () => {
  it('reads a row a line, whatever ends it, and begins no row behind the last end', async () => {
    const found = await read({
      'a.txt': 'a\n\n b"\n',
      'b.log': 'x\r\n\r\ny',
      'c.md': 'p\rq\r\n\nr\n',
      'd.txt': '',
      'e.txt': 'm\u{10FFFF}n\r\no\r',
      'f.txt.gz': gzipSync('s\r\nt'),
    });
    expect(found.columns).toEqual(['text VARCHAR']);
    expect(found.rows.flat()).toEqual([
      ...['', '', '', ' b"', 'a', 'm\u{10FFFF}n', 'o', 'p', 'q', 'r', 's', 't', 'x', 'y'],
    ]);
    // What a task finds out stands in no plan.
    expect(found.input.files.filter(({ isIrregular, local }) => isIrregular || local)).toEqual([]);
  });

  it('reads a row a file', async () => {
    const found = await read({ 'a.txt': 'a\r\n\nb', 'd.txt': '' }, { text: { rows: 'file' } });
    expect(found.rows).toEqual([[''], ['a\r\n\nb']]);
  });

  it('streams gzip', async () => {
    expect((await read({ 'a.txt.gz': gzipSync('a\nb\n') })).rows).toEqual([['a'], ['b']]);
  });

  it.each<[string, Files, Partial<InputRequest>]>([
    ['gzip that is none', { 'a.txt.gz': 'a\n' }, {}],
    ['gzip as whole files', { 'a.txt.gz': gzipSync('a\n') }, { text: { rows: 'file' } }],
    ['UTF-16', { 'a.txt': Buffer.from('\u{FEFF}a\n', 'utf16le') }, {}],
  ])('rejects %s', async (_, files, request) => {
    await expect(read(files, request)).rejects.toMatchObject({ name: 'InputFormatError' });
  });
});
