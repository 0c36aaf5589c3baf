import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DuckDBConnection } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import type { PinnedInput } from '../../functions/contract/pinned-input.ts';
import { collectRejects, diagnoseReaderError } from '../../functions/io/collect-rejects.ts';
import { queryRows } from '../../functions/io/query-rows.ts';
import { renderReadInput } from '../../functions/sql/read-input.ts';
import { type InputRequest, openAll, readRows, withFolder, withInput } from './open-input.ts';

type Files = Readonly<Record<string, string | Buffer>>;

const withFiles = <T>(
  files: Files,
  request: Partial<InputRequest>,
  use: (connection: DuckDBConnection, input: PinnedInput, out: string) => Promise<T>,
): Promise<T> =>
  withFolder(async (folder) => {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    return withInput(folder, { uri: '.', ...request }, use);
  });

/** Good rows of a tolerant read, and the rejects as they are written: line, offset, column, cause, raw. */
const readTolerantly = (files: Files, request: Partial<InputRequest> = {}) =>
  withFiles(files, request, async (connection, pinned, out) => {
    const input = await openAll(pinned, out);
    const rows = await readRows(connection, input, { tolerant: true });
    const rejects = await collectRejects(connection, input);
    const path = join(out, 'rejects.parquet');
    await rejects.write(path);
    const written = await queryRows(connection, `SELECT * EXCLUDE (file) FROM '${path}'`);
    return { rows, rejects, written: written.map((row) => Object.values(row)) };
  });

const BAD_CSV = [
  'a,b,c',
  '1,2020-01-01,x',
  'foo,2020-01-02,y',
  '3,bar,"two\nlines"',
  'baz,qux,w',
  '5,2020-01-01',
  '6,2020-01-01,x,EXTRA,MORE',
  '7,2020-01-03,"un"q',
  '8,2020-01-03,ok',
  '9,no,last',
];
const TYPED = { csv: { types: { a: 'INTEGER', b: 'DATE' } } };

/** What a reader of the whole file would say, from the lines themselves. */
const expectedCsv = (newline: string) => {
  const offsetOf = (index: number) =>
    Buffer.byteLength(BAD_CSV.slice(0, index).join(newline)) + newline.length;
  const bad = [
    [2, 3, 'a', 'cast'],
    [3, 4, 'b', 'cast'],
    [4, 6, 'a', 'cast'],
    [5, 7, 'c', 'missing_columns'],
    [6, 8, null, 'too_many_columns'],
    [7, 9, 'c', 'unquoted_value'],
    [9, 11, 'b', 'cast'],
  ] as const;
  return bad.map(([index, line, column, cause]) => [
    String(line),
    String(offsetOf(index)),
    column,
    cause,
    BAD_CSV[index],
  ]);
};

describe('rejects of CSV', () => {
  it.each([
    ['LF', '\n'],
    ['CR LF', '\r\n'],
  ])('are each row once, with its true line and offset: %s', async (_, newline) => {
    const content = `${BAD_CSV.join(newline)}${newline}`;
    const found = await readTolerantly({ 'a.csv': content }, TYPED);
    expect(found.rows).toEqual([
      [1, '2020-01-01', 'x'],
      [8, '2020-01-03', 'ok'],
    ]);
    expect(found.written).toEqual(expectedCsv(newline));
    expect(found.rejects.rejectedRows).toBe(7);
    expect(found.rejects.first).toMatchObject({ line: 3, column: 'a', cause: 'cast' });
  });

  it('are counted over several files and compressions, in their order', async () => {
    const content = `${BAD_CSV.join('\n')}\n`;
    const found = await readTolerantly(
      { 'a.csv': content, 'b.csv.gz': gzipSync(content), 'c.csv': `c,b,a\nx,2020-01-01,1\nx,no,1\n` },
      TYPED,
    );
    expect(found.rows).toHaveLength(5);
    expect(found.written).toEqual([
      ...expectedCsv('\n'),
      ...expectedCsv('\n'),
      ['3', '21', 'b', 'cast', 'x,no,1'],
    ]);
  });

  it('name bytes that are not UTF-8, and lines that are too long', async () => {
    // More rows than the sample: a line in it that is too long is refused before anything is read.
    const good = '1,x\n'.repeat(25_000);
    const content = Buffer.concat([
      Buffer.from(`a,b\n${good}2,`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(`\n3,${'y'.repeat(500)}\n4,z\n`),
    ]);
    const found = await readTolerantly({ 'a.csv': content }, { csv: { max_line_size: 300 } });
    expect(found.rows).toHaveLength(25_001);
    expect(found.written.map((row) => row.slice(0, 4))).toEqual([
      ['25002', String(4 + good.length), 'b', 'invalid_utf8'],
      ['25003', String(9 + good.length), null, 'line_too_long'],
    ]);
  });

  it('are none for blank lines, and none where all is well', async () => {
    const found = await readTolerantly({ 'a.csv': 'a,b\n1,2\n\n3,4\n' });
    expect(found.rows).toHaveLength(2);
    expect(found.rejects).toMatchObject({ rejectedRows: 0 });
    expect(found.written).toEqual([]);
  });

  it.each([
    ['LF', '\n'],
    ['CR LF', '\r\n'],
  ])('have their true places behind blank lines, of a file of one column too: %s', async (_, newline) => {
    const one = ['v', '1', '', '', 'bad', '', '2', 'no', '3'].join(newline);
    const two = ['a,b', '1,2', '', '', 'x,3', '', '4,5', 'y,6'].join(newline);
    const at = (text: string, word: string): string => String(text.indexOf(word));
    const read = async (content: string, columns: Readonly<Record<string, string>>) => {
      const csv = { columns, header: true, delim: ',' };
      const { written } = await readTolerantly({ 'a.csv': content }, { csv });
      return written.map((row) => row.slice(0, 2));
    };
    expect(await read(one, { v: 'DOUBLE' })).toEqual([
      ['5', at(one, 'bad')],
      ['8', at(one, 'no')],
    ]);
    expect(await read(two, { a: 'INTEGER', b: 'INTEGER' })).toEqual([
      ['5', at(two, 'x,3')],
      ['8', at(two, 'y,6')],
    ]);
  });

  it('count rows, not errors, beside good rows whose values span lines', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) =>
      i % 7 === 0
        ? `x${i},no,q`
        : i % 5 === 0
          ? `${i},2020-01-01,"l1\n9,2020-01-01,l2"`
          : `${i},2020-01-01,y`,
    );
    const found = await readTolerantly(
      { 'a.csv': `a,b,c\n${rows.join('\n')}\n` },
      { csv: { columns: { a: 'INTEGER', b: 'DATE', c: 'VARCHAR' }, quote: '"' } },
    );
    const bad = rows.filter((row) => row.startsWith('x'));
    expect(found.rejects.rejectedRows).toBe(bad.length);
    expect(found.rows).toHaveLength(rows.length - bad.length);
  });

  it('are only for columns that were read', () =>
    withFiles(
      { 'a.csv': 'a,b\n1,x\nfoo,y\n' },
      { csv: { types: { a: 'INTEGER' } } },
      async (connection, input) => {
        const options = { columns: ['b'] };
        expect(await readRows(connection, input, { tolerant: true, ...options })).toEqual([['x'], ['y']]);
        expect((await collectRejects(connection, input, options)).rejectedRows).toBe(0);
      },
    ));
});

describe('rejects of JSON lines', () => {
  it('are the lines that strict reading refuses where no column is needed', async () => {
    const lines = ['{"a":1}', '{"a":"x"}', '[1]', '{"a":1,"a":2}', 'null'];
    const count = (files: Files) =>
      withFiles(files, { jsonl: { columns: { a: 'BIGINT' } } }, async (connection, input) => {
        const rowsOf = async (tolerant: boolean) => {
          const read = renderReadInput(input, { tolerant, columns: [] });
          return Number((await queryRows(connection, `SELECT count(*) AS n FROM ${read}`))[0]?.n);
        };
        const { rejectedRows, first } = await collectRejects(connection, input, { columns: [] });
        const strict = await rowsOf(false).catch(() => 'failed');
        return { strict, good: await rowsOf(true), rejectedRows, first };
      });
    expect(await count({ 'a.jsonl': lines.join('\n') })).toEqual({ strict: 5, good: 5, rejectedRows: 0 });
    expect(await count({ 'a.jsonl': [...lines, '{bad'].join('\n') })).toMatchObject({
      strict: 'failed',
      good: 5,
      rejectedRows: 1,
      first: { line: 6, cause: 'malformed_json' },
    });
  });

  it('are all found, in order, where a file has more than a page', async () => {
    const count = 50_003;
    await withFiles(
      { 'a.jsonl': 'x\n{"a":1}\n'.repeat(count) },
      { jsonl: { columns: { a: 'BIGINT' } } },
      async (connection, input, out) => {
        const rejects = await collectRejects(connection, input);
        expect(rejects.rejectedRows).toBe(count);
        const path = join(out, 'rejects.parquet');
        await rejects.write(path);
        const wrong = await queryRows(
          connection,
          `SELECT 1 FROM (SELECT row_number() OVER () - 1 AS i, * FROM '${path}') WHERE line <> 2 * i + 1 OR byte_offset <> 10 * i`,
        );
        expect(wrong).toEqual([]);
      },
    );
  });

  it('are each line once, with its true line and offset', async () => {
    const lines = [
      '{"a":1,"s":{"x":1}}',
      '{bad',
      '',
      '  ',
      '[1]',
      'null',
      '{"a":"foo"}',
      '{"a":1,"a":2}',
      '{"s":{"x":1,"x":2}}',
      '{"s":[1]}',
      '{"b":"é","a":"7"}',
      '{"a":99999999999999999999}',
    ];
    const found = await readTolerantly(
      { 'a.jsonl': lines.join('\n') },
      { jsonl: { columns: { a: 'BIGINT', s: 'STRUCT(x BIGINT)' } } },
    );
    expect(found.rows).toEqual([
      ['1', { x: '1' }],
      ['7', null],
      [null, null],
    ]);
    const offsetOf = (index: number) =>
      Buffer.byteLength(lines.slice(0, index).join('\n')) + (index > 0 ? 1 : 0);
    const bad = [
      [1, null, 'malformed_json'],
      [4, null, 'not_an_object'],
      [6, 'a', 'cast'],
      [7, null, 'duplicate_key'],
      [8, 's', 'cast'],
      [9, 's', 'cast'],
      [11, 'a', 'cast'],
    ] as const;
    expect(found.written).toEqual(
      bad.map(([index, column, cause]) => [
        String(index + 1),
        String(offsetOf(index)),
        column,
        cause,
        lines[index],
      ]),
    );
  });

  it('name bytes that are not UTF-8, and keep a bounded part of the line', async () => {
    const content = Buffer.concat([
      Buffer.from('{"a":"x"}\r\n{"a":"'),
      Buffer.from([0xff]),
      Buffer.from(`${'y'.repeat(5_000)}"}\r\n{`),
    ]);
    const found = await readTolerantly({ 'a.jsonl': content }, { jsonl: { columns: { a: 'VARCHAR' } } });
    expect(found.rows).toEqual([['x']]);
    expect(found.written.map((row) => row.slice(0, 4))).toEqual([
      ['2', '11', null, 'invalid_utf8'],
      ['3', '5022', null, 'malformed_json'],
    ]);
    expect(String(found.written[0]?.[4])).toHaveLength(1_000);
  });
});

describe('rejects of text', () => {
  it('are lines that are not UTF-8, with their bytes where only LF ends lines', async () => {
    const bad = (newline: string) => Buffer.from(`a${newline}\xff${newline}b${newline}`, 'latin1');
    const found = await readTolerantly({ 'a.txt': bad('\n'), 'b.txt': bad('\r\n') });
    expect(found.rows).toEqual([['a'], ['a'], ['b'], ['b']]);
    expect(found.written.map((row) => row.slice(0, 4))).toEqual([
      ['2', '2', 'text', 'invalid_utf8'],
      ['2', null, 'text', 'invalid_utf8'],
    ]);
  });

  it('are whole files where a file is a row, or holds the noncharacter that stands for no delimiter', async () => {
    const bad = Buffer.concat([Buffer.from('a\u{10FFFF}\n'), Buffer.from([0xff, 0x0a])]);
    for (const request of [{}, { text: { rows: 'file' } }] as const) {
      const found = await readTolerantly({ 'a.txt': bad, 'b.txt': 'b' }, request);
      expect(found.rows).toEqual([['b']]);
      expect(found.written.map((row) => row.slice(0, 4))).toEqual([[null, null, 'text', 'invalid_utf8']]);
    }
  });
});

describe('diagnoseReaderError', () => {
  const strictError = (connection: DuckDBConnection, input: PinnedInput): Promise<unknown> =>
    readRows(connection, input).then(
      () => undefined,
      (error: unknown) => error,
    );

  it.each<[string, Files, Partial<InputRequest>, object]>([
    [
      'CSV',
      { 'a.csv': 'a,b\n1,x\n', 'b.csv': 'a,b\n2,x\nfoo,y\n' },
      { csv: { types: { a: 'INTEGER' } } },
      { line: 3, byteOffset: 8, column: 'a', cause: 'cast' },
    ],
    [
      'JSON lines',
      { 'a.jsonl': '{"a":1}\n', 'b.jsonl': '{"a":1}\n\n{"a":"x"}\n' },
      { jsonl: { columns: { a: 'BIGINT' } } },
      { line: 3, byteOffset: 9, column: 'a', cause: 'cast' },
    ],
    [
      'text',
      { 'a.txt': 'a\n', 'b.txt': Buffer.from('a\n\xff\n', 'latin1') },
      {},
      { line: 2, byteOffset: 2, cause: 'invalid_utf8' },
    ],
  ])('names the first reject of %s', (_, files, request, place) =>
    withFiles(files, request, async (connection, input) => {
      const error = await strictError(connection, input);
      const found = (await diagnoseReaderError(connection, input, { error }))?.first;
      expect(found).toMatchObject(place);
      expect(found?.file).toBe(input.files[1]?.path);
    }),
  );

  it('finds nothing where every row is good', () =>
    withFiles({ 'a.csv': 'a,b\n1,x\n' }, {}, async (connection, input) => {
      expect(await diagnoseReaderError(connection, input)).toBeUndefined();
    }));

  it('fails by name where no row can be blamed: line ends of two kinds', () =>
    withFiles({ 'a.csv': 'a,b\r\n1,x\r\n2,y\n3,z\r\n' }, {}, async (connection, input) => {
      const error = await strictError(connection, input);
      await expect(diagnoseReaderError(connection, input, { error })).rejects.toMatchObject({
        name: 'InputFormatError',
        message: expect.stringContaining('csv.strict_mode: false'),
      });
    }));
});
