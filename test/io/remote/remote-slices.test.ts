/** Law: a job over objects in S3 reads the rows and the rejects that it reads of the same files on this machine. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC, tableToIPC } from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCESS_IN_PLACE } from '../../../functions/io/input-access.ts';
import { queryRows } from '../../../functions/io/query-rows.ts';
import { openRemoteBytes } from '../../../functions/io/remote/remote-bytes.ts';
import { openSlice, openWhole } from '../../../functions/io/slices/open-slice.ts';
import { planInputSlices } from '../../../functions/io/slices/plan-input-slices.ts';
import { renderReadInput } from '../../../functions/sql/read-input.ts';
import { checkCsvCase } from '../../corpus/check-csv-case.ts';
import { generateCsv } from '../../corpus/generate-csv.ts';
import { readSliced, readWhole } from '../../corpus/read-slices.ts';
import { announceSeed } from '../../oracle/grammar.ts';
import { encodeQuery, withConnection } from '../arrow/round-trip.ts';
import { type InputRequest, withFolder, withInput } from '../open-input.ts';
import { readArrowRows } from '../read-arrow-rows.ts';
import { openRemoteFolder, type RemoteInput, withRemoteInput } from './remote-folder.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

const put = async (folder: string, files: Files): Promise<void> => {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
};

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

/** The whole as one task has it, and what tasks of slices have. */
const answersOf = async (
  { input, planned, look, connection, openAccess, out }: RemoteInput,
  { tasks, tolerant, root }: { readonly tasks: number; readonly tolerant: boolean; readonly root: string },
) => {
  const access = await openAccess();
  const columns = planned.columns.map(({ name }) => name);
  const whole = await openWhole(planned, { access, columns, scratchDir: access.folder });
  const sliced = await openAccess();
  return {
    whole: await readWhole(connection, whole, { tolerant, out, root }),
    sliced: await readSliced(connection, input, {
      tasks,
      tolerant,
      root,
      out: sliced.folder,
      look,
      access: sliced,
    }),
  };
};

const hereOf = async (folder: string, request: InputRequest, tolerant: boolean) =>
  withInput(folder, request, async (connection, input, out) => {
    const whole = await openWhole(input, { access: ACCESS_IN_PLACE, columns: [], scratchDir: out });
    return readWhole(connection, whole, { tolerant, out });
  });

const expectSame = async (folder: string, request: InputRequest, tasks = 5): Promise<number[]> => {
  const rows: number[] = [];
  for (const tolerant of [false, true]) {
    const here = await hereOf(folder, request, tolerant);
    await withRemoteInput(openRemoteFolder(folder), request, async (remote) => {
      const { whole, sliced } = await answersOf(remote, { tasks, tolerant, root: folder });
      if ('error' in here) {
        expect(whole).toHaveProperty('error');
        expect(sliced.answer).toHaveProperty('error');
      } else {
        const expected = JSON.parse(JSON.stringify(here).replaceAll(folder, 's3://bucket'));
        expect(whole).toEqual(expected);
        expect(sliced.answer).toEqual(expected);
        rows.push(here.rows.length);
      }
      expect(sliced.miscounts).toEqual([]);
    });
  }
  return rows;
};

const body = lines(4000, (index) => `${index},"v ${index}, ""x\n"""`);

const TEXTS: readonly {
  readonly name: string;
  readonly files: Files;
  readonly request?: Partial<InputRequest>;
}[] = [
  { name: 'CSV with quoted line breaks', files: { 'a.csv': `a,b\n${body}` } },
  { name: 'CSV with CR LF', files: { 'a.csv': `a,b\r\n${lines(4000, (i) => `${i},v\r`)}` } },
  { name: 'CSV with rows that do not fit', files: { 'a.csv': `a,b\n${body}1\n2,3,4\n${body}` } },
  { name: 'CSV with text behind a quote', files: { 'a.csv': `a,b\n${body}1,"x"y\n${body}` } },
  {
    name: 'CSV with a value that does not fit',
    files: { 'a.csv': `a,b\n${body}x,1\n` },
    request: { csv: { types: { a: 'BIGINT' } } },
  },
  {
    name: 'CSV that is skipped into',
    files: { 'a.csv': `# one\n# two\na,b\n${body}` },
    request: { csv: { skip: 2, header: true } },
  },
  {
    name: 'compressed CSV',
    files: {
      'a.csv.gz': gzipSync(`a,b\n${body}`),
      'b.csv.zst': zstdCompressSync('a,b\n1,x\n'),
      'c.csv': `a,b\n${body}`,
    },
  },
  {
    name: 'CSV, some of it empty',
    files: { 'a.csv': '', 'b.csv': 'a,b\n', 'c.csv': `a,b\n${body}` },
    request: { filename: true },
  },
  {
    name: 'JSON lines',
    files: {
      'a.jsonl': lines(9000, (i) => `{"a":${i},"b":["x",{"c":"\\n"}]}`),
      'b.jsonl.gz': gzipSync('{"a":1}\n'),
    },
  },
  {
    name: 'JSON lines with bad ones',
    files: { 'a.jsonl': `${lines(9000, (i) => `{"a":${i}}`)}{"a":"x"}\n{\n5\n` },
    request: { jsonl: { columns: { a: 'BIGINT' } } },
  },
  {
    name: 'text',
    files: {
      'a.txt': lines(9000, String),
      'b.txt': '',
      'c.txt': lines(900, (i) => `${i}\r`),
      'd.txt.gz': gzipSync('a\rb\r\n'),
    },
  },
  {
    name: 'text with CR LF and CR',
    files: { 'a.txt': lines(9000, (i) => (i % 3 === 0 ? `${i}\r\r` : `${i}`)) },
  },
  { name: 'text with CR alone', files: { 'a.txt': lines(9000, String).replaceAll('\n', '\r') } },
  {
    name: 'text with the noncharacter',
    files: { 'a.txt': lines(9000, (i) => (i === 17 ? 'x\u{10FFFF}y' : `${i}`)) },
  },
  {
    name: 'text that is not UTF-8',
    files: {
      'a.txt': Buffer.concat([Buffer.from(lines(900, String)), Buffer.from([0xff, 0x0a]), Buffer.from('a')]),
    },
  },
  { name: 'a row a file', files: { 'a.txt': 'a\r\n\nb', 'b.txt': '' }, request: { text: { rows: 'file' } } },
];

describe('objects read whole and in slices', () => {
  it.each(TEXTS)('give the rows and rejects of the files: $name', ({ files, request }) =>
    withFolder(async (folder) => {
      await put(folder, files);
      await expectSame(folder, { uri: '*', ...request });
    }),
  );

  it('give the lines of text whatever ends them, cut anywhere', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('\n', '\r', '\r\n', 'a', 'ü b', '\u{10FFFF}', '"'), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.integer({ min: 1, max: 8 }),
        (pieces, tasks) =>
          withFolder(async (folder) => {
            const text = `x\n${pieces.join('')}`;
            await put(folder, { 'a.txt': text });
            const expected = text.replaceAll(/\r\n?/g, '\n').replace(/\n$/, '').split('\n');
            const [rows] = await expectSame(folder, { uri: 'a.txt' }, tasks);
            expect(rows).toBe(expected.length);
            const here = await hereOf(folder, { uri: 'a.txt' }, false);
            expect(here).toMatchObject({ rows: expected.map((line) => JSON.stringify([line])) });
          }),
      ),
      announceSeed('lines of text', 12),
    ));

  it('give what DuckDB reads of a corpus of CSV, cut by ranged reads', async () => {
    const seed = 20_261_128;
    const folder = await mkdtemp(join(tmpdir(), 'daybreak-remote-corpus-'));
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    try {
      for (let each = seed; each < seed + 60; each += 1) {
        const open = async (path: string, bytes: Buffer) => {
          const files = openRemoteFolder(join(path, '..'));
          for await (const object of files.list({ bucket: 'b', prefix: 'whole.csv', depth: 'all' }))
            if (object.kind === 'object') {
              const file = { path: 's3://b/whole.csv', sizeBytes: bytes.length, etag: object.etag };
              return async (span: { readonly from: number; readonly until: number }) =>
                openRemoteBytes(files, file, span);
            }
          throw new Error('the object is gone');
        };
        const { differences } = await checkCsvCase(
          connection,
          generateCsv(each),
          join(folder, String(each)),
          { open },
        );
        expect(differences, `seed ${each}`).toEqual([]);
      }
    } finally {
      connection.closeSync();
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});

/** Writes Parquet files with row groups of 2,048 rows. */
const writeParquet = async (folder: string, queries: Readonly<Record<string, string>>): Promise<void> => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    for (const [name, sql] of Object.entries(queries))
      await connection.run(`COPY (${sql}) TO '${folder}/${name}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
  } finally {
    connection.closeSync();
  }
};

const WIDE = Array.from({ length: 50 }, (_, index) => `hash(range, ${index}) AS h${index}`).join(', ');

describe('Parquet objects', () => {
  it('give their rows whole and by row groups, with nested columns, other columns, no rows and a number of their own', () =>
    withFolder(async (folder) => {
      await writeParquet(folder, {
        'a.parquet': `SELECT range AS id, {'f': range, 'g': [range::VARCHAR]} AS "a, b", 'k' || range % 5 AS k FROM range(9000)`,
        'b.parquet': `SELECT range AS id, {'f': range, 'g': ['x']} AS "a, b", 'z' AS k FROM range(0)`,
        'c.parquet': `SELECT range::SMALLINT AS id, {'f': range, 'g': ['x']} AS "a, b", 'k' AS K FROM range(3000)`,
        'n.parquet': `SELECT range % 10 AS file_row_number, range AS id FROM range(9000)`,
      });
      expect(await expectSame(folder, { uri: '[abc].parquet', filename: true }, 4)).toEqual([12_000, 12_000]);
      expect(await expectSame(folder, { uri: '*.parquet', schema: 'union' }, 6)).toEqual([21_000, 21_000]);
    }));

  it('cost about the bytes of the columns and row groups that a task needs', () =>
    withFolder(async (folder) => {
      await writeParquet(folder, { 'a.parquet': `SELECT range AS id, ${WIDE} FROM range(40000)` });
      const files = openRemoteFolder(folder);
      await withRemoteInput(
        files,
        { uri: 'a.parquet' },
        async ({ connection, input, planned, look, openAccess }) => {
          const columns = ['h7', 'h31'];
          const tasks = await planInputSlices(connection, input, { tasks: 4, columns, look });
          const sizeBytes = planned.files[0]?.sizeBytes ?? 0;
          const [, second] = tasks;
          if (second?.kind !== 'rows') throw new Error('expected rows');
          const access = await openAccess();
          files.counts.bytes = 0;
          const slice = await openSlice(planned, second, { access, columns, scratchDir: access.folder });
          const [row] = await queryRows(
            connection,
            `SELECT count(*)::INTEGER AS rows, bit_xor(h7) AS h7, bit_xor(h31) AS h31 FROM ${slice.render({ tolerant: false, columns })}`,
          );
          const [expected] = await queryRows(
            connection,
            `SELECT count(*)::INTEGER AS rows, bit_xor(hash(range, 7)) AS h7, bit_xor(hash(range, 31)) AS h31 FROM range(${second.rows[0]?.firstRow}, ${(second.rows[0]?.firstRow ?? 0) + (second.rows[0]?.rows ?? 0)})`,
          );
          expect(row).toEqual(expected);
          const footerBytes = 80_000;
          expect(files.counts.bytes).toBeLessThan(second.weightBytes * 1.1 + footerBytes);
          expect(files.counts.bytes).toBeLessThan(sizeBytes / 40);
        },
      );
    }));

  it('cost a footer where no column is needed', () =>
    withFolder(async (folder) => {
      await writeParquet(folder, { 'a.parquet': `SELECT range AS id, ${WIDE} FROM range(40000)` });
      const files = openRemoteFolder(folder);
      await withRemoteInput(files, { uri: 'a.parquet' }, async ({ connection, planned, openAccess }) => {
        const access = await openAccess();
        files.counts.bytes = 0;
        const whole = await openWhole(planned, { access, columns: [], scratchDir: access.folder });
        const [row] = await queryRows(
          connection,
          `SELECT count(*)::INTEGER AS rows FROM ${renderReadInput(whole, { tolerant: false, columns: [] })}`,
        );
        expect(row).toEqual({ rows: 40_000 });
        expect(files.counts.bytes).toBeLessThan(100_000);
      });
    }));

  it('are asked for their bloom filters, which DuckDB reads before a row group', () =>
    withFolder(async (folder) => {
      // Values in no order, so that bounds rule no row group out.
      const sql = `SELECT 'k' || (range * 7919 % 100) AS k, range AS id, ${WIDE} FROM range(40000)`;
      await writeParquet(folder, { 'a.parquet': sql });
      await withRemoteInput(openRemoteFolder(folder), { uri: 'a.parquet' }, async (remote) => {
        const { connection, planned, openAccess } = remote;
        const access = await openAccess();
        const columns = ['k', 'id'];
        const whole = await openWhole(planned, { access, columns, scratchDir: access.folder });
        const [filters] = await queryRows(
          connection,
          `SELECT count(bloom_filter_offset)::INTEGER AS found FROM parquet_metadata('${whole.files[0]?.local?.path}')`,
        );
        expect(filters?.found).toBeGreaterThan(0);
        const from = renderReadInput(whole, { tolerant: false, columns });
        for (const k of ['k7', 'k700'])
          expect(
            await queryRows(connection, `SELECT count(id)::INTEGER AS rows FROM ${from} WHERE k = '${k}'`),
          ).toEqual([{ rows: k === 'k7' ? 400 : 0 }]);
      });
    }));
});

describe('Arrow objects', () => {
  const sql = `SELECT i AS id, repeat('x', 90) || i AS t, 'e' || i % 3 AS e, [i] AS l FROM range(20000) r(i)`;

  it('give their rows whole and by batches, files and streams, and cost what is needed of them', () =>
    withFolder(async (folder) => {
      const stream = await withConnection(
        async (connection) => (await encodeQuery(connection, sql, { batchRows: 1000, codec: 'none' })).bytes,
      );
      await put(folder, { 'a.arrow': tableToIPC(tableFromIPC(stream), 'file'), 'b.arrows': stream });
      const files = openRemoteFolder(folder);
      const ids = Array.from({ length: 40_000 }, (_, row) => row % 20_000);
      await withRemoteInput(files, { uri: '*' }, async ({ connection, input, planned, look, openAccess }) => {
        const columns = ['id', 'e'];
        const whole = await openAccess();
        const opened = await openWhole(planned, { access: whole, columns, scratchDir: whole.folder });
        expect((await readArrowRows(connection, opened, ['id'])).map(([id]) => Number(id))).toEqual(ids);
        const found: number[] = [];
        for (const task of await planInputSlices(connection, input, { tasks: 9, columns, look })) {
          if (task.kind !== 'rows') throw new Error(task.kind);
          const access = await openAccess();
          files.counts.bytes = 0;
          const slice = await openSlice(planned, task, { access, columns, scratchDir: access.folder });
          const rows = await withConnection((own) => readArrowRows(own, slice.input, ['id', 'e']));
          expect(rows.every(([id, e]) => e === `e${Number(id) % 3}`)).toBe(true);
          found.push(...rows.map(([id]) => Number(id)));
          // Headers apart, and of a stream those before: buffers of the two columns lie close enough to be joined.
          if (task.rows.every(({ file }) => file === 0))
            expect(files.counts.bytes).toBeLessThan(stream.length / 4);
        }
        expect(found).toEqual(ids);
      });
    }));
});
