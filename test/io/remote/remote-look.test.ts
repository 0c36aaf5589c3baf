/** Law: split finds in objects what it finds in the same files, but for what tells where they lie. */
import { appendFile, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC, tableToIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { encodeQuery, withConnection } from '../arrow/round-trip.ts';
import { type InputRequest, withFolder, withInput } from '../open-input.ts';
import { openRemoteFolder, type RemoteFolder, withoutPins, withRemoteInput } from './remote-folder.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

const put = async (folder: string, files: Files): Promise<void> => {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
};

/** What split finds, or its error without where the files lie. */
const lookHere = async (folder: string, request: InputRequest): Promise<unknown> => {
  try {
    return await withInput(folder, request, async (_, input) => withoutPins(input, folder));
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message.replaceAll(folder, '(root)')}`;
  }
};

const lookThere = async (files: RemoteFolder, request: InputRequest): Promise<unknown> => {
  try {
    return await withRemoteInput(files, request, async ({ planned }) => withoutPins(planned, 's3://bucket'));
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message.replaceAll('s3://bucket', '(root)')}`;
  }
};

const expectSame = async (folder: string, request: Partial<InputRequest> = {}) => {
  const files = openRemoteFolder(folder);
  const found = await lookThere(files, { uri: '.', ...request });
  expect(found).toEqual(await lookHere(folder, { uri: '.', ...request }));
  return { found, counts: files.counts };
};

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

const wide = 'x'.repeat(3000);

type Case = readonly [name: string, files: Files, request?: Partial<InputRequest>];

/** By its name, for `it.each`. */
const named = (cases: readonly Case[]) =>
  cases.map(([name, files, request = {}]) => ({ name, files, request }));

const CSV: readonly Case[] = [
  ['types that change within the sample', { 'a.csv': `a,b\n${lines(20_400, String)}x,1\n` }],
  [
    'types that change behind the sample',
    { 'a.csv': `a\n${lines(30_000, String)}x\n${lines(30_000, String)}` },
  ],
  ['a quote behind the sample', { 'a.csv': `a,b\n${lines(60_000, (i) => `${i},b`)}1,"x,y"\n` }],
  ['quoted line breaks in every row', { 'a.csv': `a,b\n${lines(60_000, (i) => `${i},"x\ny\nz"`)}` }],
  ['a quote that is none', { 'a.csv': `a,b\n1,5" pipe\n${lines(90_000, (i) => `${i},b`)}` }],
  ['apostrophes', { 'a.csv': `a;b\n${lines(50_000, (i) => `${i};it's`)}` }],
  ['rows of 3 kB', { 'a.csv': `a,b\n${lines(8_000, (i) => `${i},${wide}`)}` }],
  ['CR LF', { 'a.csv': `a,b\r\n${lines(40_000, (i) => `${i},b\r`)}` }],
  ['lone CR', { 'a.csv': `a,b\r${lines(30_000, (i) => `${i},b`).replaceAll('\n', '\r')}` }],
  ['no header', { 'a.tsv': lines(40_000, (i) => `${i}\t2024-01-01`) }],
  ['lines above the header', { 'a.csv': `\n\na,b\n${lines(40_000, (i) => `${i},b`)}` }],
  [
    'lines above the header that are none',
    { 'a.csv': `made by hand\nfor nobody\na,b,c\n${lines(30, (i) => `${i},b,c`)}` },
  ],
  [
    'many skipped lines',
    { 'a.csv': `${lines(30_000, () => '# no')}a,b\n${lines(30_000, (i) => `${i},b`)}` },
    { csv: { skip: 30_000 } },
  ],
  [
    'UTF-16',
    { 'a.csv': Buffer.from(`\uFEFFa,b\n${lines(60_000, (i) => `${i},b`)}`, 'utf16le') },
    { csv: { encoding: 'utf-16' } },
  ],
  ['UTF-16 that is not declared', { 'a.csv': Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le') }],
  [
    'latin-1',
    { 'a.csv': Buffer.from(`a,b\n${lines(300, (i) => `${i},é`)}`, 'latin1') },
    { csv: { encoding: 'latin-1' } },
  ],
  ['a byte order mark', { 'a.csv': `\uFEFFa,b\n${lines(40_000, (i) => `${i},b`)}` }],
  ['gzip', { 'a.csv.gz': gzipSync(`a,b\n${lines(60_000, (i) => `${i},b`)}`) }],
  ['zstd', { 'a.csv.zst': zstdCompressSync(`a,b\n${lines(60_000, (i) => `${i},${i / 3}`)}`) }],
  ['two members of gzip', { 'a.csv.gz': Buffer.concat([gzipSync('a,b\n1,2\n'), gzipSync('3,x\n')]) }],
  ['gzip that is none', { 'a.csv.gz': 'a,b\n1,2\n' }],
  ['gzip of nothing', { 'a.csv.gz': gzipSync(''), 'b.csv': 'a\n1\n' }],
  ['an empty file', { 'a.csv': '', 'b.csv': 'a,b\n1,2\n' }],
  ['only empty files', { 'a.csv': '' }],
  ['headers alone', { 'a.csv': 'a,b\n', 'b.csv': 'a,b\n1,x\n' }],
  [
    'types that differ between files',
    { 'a.csv': 'a,b\n1,2024-01-01\n', 'b.csv': 'a,b\n1.5,x\n', 'c.csv': 'b,a\n,\n' },
  ],
  ['columns that differ between files', { 'a.csv': 'a,b\n1,2\n', 'b.csv': 'a,c\n1,2\n' }],
  ['a union', { 'a.csv': 'a,b\n1,2\n', 'b.csv': 'a,c\n1,x\n' }, { schema: 'union', filename: true }],
  [
    'folders',
    {
      'x=1/y=a/a.csv': 'a\n1\n',
      'x=2/y=%20/a.csv': 'a\n1\n',
      'x=3/y=__HIVE_DEFAULT_PARTITION__/_b/a.csv': 'a\n',
    },
  ],
  [
    'hostile names',
    { "it's a [b]*?+%41=é ü#&<>.csv": 'a\n1\n', 'a\\b.csv': 'a\n2\n', ' .csv': 'a\n3\n' },
    { filename: true },
  ],
  ['a name twice', { 'a.csv': 'a,A\n1,2\n' }],
  ['a line that is too long', { 'a.csv': `a,b\n1,${'x'.repeat(3_000_000)}\n` }],
  ['a small sample', { 'a.csv': `a\n${lines(5_000, String)}x\n` }, { csv: { sample_size: 100 } }],
  ['the whole as sample', { 'a.csv': `a\n${lines(90_000, String)}x\n` }, { csv: { sample_size: -1 } }],
];

describe('a look at CSV objects', () => {
  it.each(named(CSV))('finds what is in the files: $name', ({ files, request }) =>
    withFolder(async (folder) => {
      await put(folder, files);
      await expectSame(folder, request);
    }),
  );

  it('finds what is in many files, of which types are looked for in a hundred', () =>
    withFolder(async (folder) => {
      const names = Array.from({ length: 150 }, (_, index) => `f${index}.csv`);
      await put(
        folder,
        Object.fromEntries(names.map((name, i) => [name, `a,b\n${i},${i % 50 === 7 ? 'x' : i}\n`])),
      );
      const { counts } = await expectSame(folder);
      expect(counts.mostUnderWay).toBeGreaterThan(4);
      expect(counts.mostUnderWay).toBeLessThanOrEqual(32);
    }));

  it('reads of a large object its beginning alone', () =>
    withFolder(async (folder) => {
      const rows = lines(100_000, (i) => `${i},b,"a text of some length that is the same in every row"`);
      await put(folder, { 'a.csv': 'a,b,c\n' });
      for (let part = 0; part < 5; part += 1) await appendFile(join(folder, 'a.csv'), rows);
      const { counts } = await expectSame(folder);
      expect((await stat(join(folder, 'a.csv'))).size).toBeGreaterThan(30e6);
      // Twice a sample: the dialect's, then the types'; and the head.
      expect(counts.bytes).toBeLessThan(7e6);
    }));

  it(
    'refuses a sample that was asked for and is too large',
    () =>
      withFolder(async (folder) => {
        const row = `${'x'.repeat(1_000_000)}\n`;
        await put(folder, { 'a.csv': 'a\n' });
        for (let part = 0; part < 300; part += 1) await appendFile(join(folder, 'a.csv'), row);
        const files = openRemoteFolder(folder);
        expect(await lookThere(files, { uri: 'a.csv', csv: { sample_size: -1 } })).toMatch(
          /^LimitError: bytes of the rows of "\(root\)\/a\.csv" that sample_size asks to look at: found more than 268435456/,
        );
      }),
    60_000,
  );
});

const JSONL: readonly Case[] = [
  ['fields within the sample', { 'a.jsonl': `${lines(20_470, (i) => `{"a":${i}}`)}{"b":[1]}\n` }],
  ['fields behind the sample', { 'a.jsonl': `${lines(30_000, (i) => `{"a":${i}}`)}{"b":1}\n` }],
  [
    'a field behind malformed lines',
    { 'a.jsonl': `${lines(20_000, (i) => (i % 2 ? '{' : `{"a":${i}}`))}{"b":1}\n` },
  ],
  [
    'fields of many files',
    Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`${i}.jsonl`, `{"f${i % 7}":${i}}\n`])),
  ],
  ['gzip and none', { 'a.jsonl.gz': gzipSync(lines(40_000, (i) => `{"a":${i}}`)), 'b.jsonl': '{"a":"x"}\n' }],
  ['blank lines', { 'a.jsonl': `\n\n{"a":1}\n\n${lines(30_000, (i) => `{"a":${i}}\n`)}` }],
  ['lines that are no objects', { 'a.jsonl': `5\n"x"\n${lines(300, (i) => `{"a":${i}}`)}` }],
  ['a field named json', { 'a.jsonl': '{"json":1}\n' }],
  ['fields that differ in case', { 'a.jsonl': '{"a":1,"A":2}\n' }],
  ['fields a and a_1', { 'a.jsonl': '{"a":1,"a_1":2}\n', 'b.jsonl': '{"a":1}\n' }],
  ['an array', { 'a.jsonl': '[{"a":1}]\n' }],
  ['a byte order mark', { 'a.jsonl': '\uFEFF{"a":1}\n' }],
  ['a line that nests too deeply', { 'a.jsonl': `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}\n` }],
  ['no object', { 'a.jsonl': '1\n2\n' }],
  ['columns that are given', { 'a.jsonl': '{"a":1}\n' }, { jsonl: { columns: { a: 'DECIMAL(9,2)' } } }],
  ['empty files', { 'a.jsonl': '', 'b.jsonl': '{"a":1}' }],
];

const TEXT: readonly Case[] = [
  [
    'lines',
    { 'a.txt': 'a\nb\n', 'b.log': 'a\r\nb', 'c.md': 'a\rb', 'd.txt.gz': gzipSync('a\r\n'), 'e.txt': '' },
  ],
  ['a row a file', { 'a.txt': 'a\nb\n', 'b.txt': '' }, { text: { rows: 'file' } }],
  ['a compressed row', { 'a.txt.gz': gzipSync('a') }, { text: { rows: 'file' } }],
  ['UTF-16', { 'a.txt': Buffer.from('\uFEFFa\n', 'utf16le') }],
];

describe('a look at objects of JSON lines and text', () => {
  it.each(named(JSONL))('finds what is in the files: $name', ({ files, request }) =>
    withFolder(async (folder) => {
      await put(folder, files);
      await expectSame(folder, request);
    }),
  );

  it.each(named(TEXT))('finds what is in text: $name', ({ files, request }) =>
    withFolder(async (folder) => {
      await put(folder, files);
      const { counts } = await expectSame(folder, request);
      expect(counts.bytes).toBeLessThan(1000);
    }),
  );
});

const writeParquet = async (folder: string, queries: Readonly<Record<string, string>>): Promise<void> => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    for (const [name, sql] of Object.entries(queries))
      await connection.run(`COPY (${sql}) TO '${folder}/${name}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
  } finally {
    connection.closeSync();
  }
};

describe('a look at Parquet objects', () => {
  it('finds columns and rows by the footers, and reads little else', () =>
    withFolder(async (folder) => {
      await writeParquet(folder, {
        'a.parquet': `SELECT range AS id, repeat('x', 100) || range AS t, {'a': [range]} AS s FROM range(100000)`,
        'b.parquet': `SELECT 1::TINYINT AS id, 'y' AS t, {'a': [1::BIGINT]} AS s`,
        'c.parquet': `SELECT 1.5::FLOAT AS id, 'y' AS t, {'a': [1::BIGINT]} AS s WHERE false`,
      });
      const { counts, found } = await expectSame(folder, { uri: '{a,b}.parquet' });
      expect(found).toMatchObject({ format: 'parquet', files: [{ rows: 100_000 }, { rows: 1 }] });
      expect(counts.bytes).toBeLessThan(80_000);
      await expectSame(folder);
    }));

  it('finds a footer that is larger than the first read', () =>
    withFolder(async (folder) => {
      const columns = Array.from({ length: 2000 }, (_, index) => `range AS column_${index}`);
      await writeParquet(folder, { 'a.parquet': `SELECT ${columns.join(', ')} FROM range(10)` });
      await expectSame(folder);
    }));

  it.each<readonly [string, (whole: Buffer) => Uint8Array]>([
    ['is cut short', (whole) => whole.subarray(0, whole.length - 9)],
    ['has no footer', () => Buffer.from('PAR1 and nothing else')],
    [
      'has a damaged footer',
      (whole) => Buffer.concat([whole.subarray(0, -20), Buffer.alloc(12, 0xff), whole.subarray(-8)]),
    ],
    [
      'has a footer longer than itself',
      (whole) =>
        Buffer.concat([whole.subarray(0, -8), Buffer.from([255, 255, 255, 127]), Buffer.from('PAR1')]),
    ],
    ['is empty', () => Buffer.alloc(0)],
    ['is short', () => Buffer.from('PAR')],
  ])('rejects a file that %s as it does on this machine', (_, damage) =>
    withFolder(async (folder) => {
      await writeParquet(folder, { 'a.parquet': `SELECT range AS id, random() AS r FROM range(30000)` });
      await put(folder, { 'a.parquet': damage(await readFile(join(folder, 'a.parquet'))) });
      const { found } = await expectSame(folder);
      expect(found).toMatch(/^InputFormatError: the input file "\(root\)\/a\.parquet"/);
    }),
  );
});

const FLIGHTS = join(import.meta.dirname, '../../../node_modules/vega-datasets/data/flights-200k.arrow');

const encode = (sql: string, batchRows: number) =>
  withConnection(
    async (connection) => (await encodeQuery(connection, sql, { batchRows, codec: 'none' })).bytes,
  );

describe('a look at Arrow objects', () => {
  it('finds columns and rows of files and streams by their headers', () =>
    withFolder(async (folder) => {
      await copyFile(FLIGHTS, join(folder, 'flights.arrow'));
      const stream = await encode(
        `SELECT i AS delay, repeat('x', 200) || i AS text FROM range(20000) r(i)`,
        1000,
      );
      await put(folder, { 's.arrows': stream, 'f.feather': tableToIPC(tableFromIPC(stream), 'file') });
      await expectSame(folder, { uri: 'flights.arrow' });
      await expectSame(folder, { uri: '*.{arrows,feather}', filename: true });
      const { counts } = await expectSame(folder, { uri: 'f.feather' });
      // Bodies are 200 kB each: of the file only headers and its end are read.
      expect(counts.bytes).toBeLessThan(200_000);
      expect(stream.length).toBeGreaterThan(4_000_000);
    }));

  it(
    'rejects what is damaged anywhere as it does on this machine',
    () =>
      withFolder(async (folder) => {
        const stream = await encode(`SELECT i, 'text ' || i AS s FROM range(300) r(i)`, 100);
        for (const whole of [stream, tableToIPC(tableFromIPC(stream), 'file')]) {
          for (let length = 0; length < whole.length; length += 331) {
            await put(folder, { 'a.arrow': whole.subarray(0, length) });
            await expectSame(folder);
          }
          for (let at = 0; at < whole.length; at += 397) {
            const damaged = Uint8Array.from(whole);
            damaged.fill(0xa5, at, at + 4);
            await put(folder, { 'a.arrow': damaged });
            await expectSame(folder);
          }
        }
      }),
    120_000,
  );
});
