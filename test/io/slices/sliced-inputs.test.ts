import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSliced, readWhole } from '../../corpus/read-slices.ts';
import { type InputRequest, withFolder, withInput } from '../open-input.ts';

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

/** Reads an input whole and in slices, strictly and tolerantly, and expects the same of both. */
const expectSame = async (folder: string, request: InputRequest, tasks: number): Promise<string[]> => {
  const kinds: string[] = [];
  for (const tolerant of [false, true])
    await withInput(folder, request, async (connection, input, out) => {
      const whole = await readWhole(connection, input, { tolerant, out });
      const sliced = await readSliced(connection, input, { tasks, tolerant, out });
      if ('error' in whole) expect(sliced.answer).toHaveProperty('error');
      else expect(sliced.answer).toEqual(whole);
      expect(sliced.miscounts).toEqual([]);
      kinds.push(`${'error' in whole ? 'error' : whole.rows.length} of ${sliced.tasks}`);
    });
  return kinds;
};

describe('an input read in slices', () => {
  const body = lines(400, (index) => `${index},"v ${index}, ""x"""`);
  const heads: readonly {
    readonly name: string;
    readonly text: string;
    readonly csv?: InputRequest['csv'];
    readonly tasks?: number;
  }[] = [
    { name: 'a header', text: `a,b\n${body}` },
    { name: 'no header', text: body, csv: { header: false } },
    { name: 'a byte order mark and a header', text: `\uFEFFa,b\n${body}` },
    { name: 'blank lines before the header', text: `\n\na,b\n${body}` },
    { name: 'blank lines after the header', text: `a,b\n\n\n${body}` },
    { name: 'skipped lines', text: `# one\n# two\n\na,b\n${body}`, csv: { skip: 3, header: true } },
    {
      name: 'a header with a quoted line break',
      text: `a,"b\nc"\n${body}`,
      csv: { header: true, quote: '"', names: ['a', 'b'] },
    },
    { name: 'CR LF', text: `a,b\n${body}`.replaceAll('\n', '\r\n') },
    { name: 'no quotes at all and CR LF', text: `a,b\r\n${lines(400, (index) => `${index},v\r`)}` },
    { name: 'rows with too few and too many fields', text: `a,b\n${body}1\n2,3,4\n${body}` },
    { name: 'a text after a quote', text: `a,b\n${body}1,"x"y\n${body}`, tasks: 1 },
    { name: 'padding of short rows', text: `a,b\n${body}1\n${body}`, csv: { null_padding: true } },
    { name: 'bytes that are no UTF-8', text: `a,b\n${body}1,\u0000\n${body}` },
    {
      name: 'one column with blank lines',
      text: `a\n${lines(400, (index) => (index % 7 === 0 ? '' : `${index}`))}`,
    },
    {
      name: 'rows of which one is no number',
      text: `a,b\n${body}x,1\n${body}`,
      csv: { types: { a: 'BIGINT' } },
    },
  ];
  it.each(heads)('has the rows of the whole: CSV with $name', async ({ text, csv, tasks = 5 }) => {
    await withFolder(async (folder) => {
      await writeFile(join(folder, 'a.csv'), text);
      const kinds = await expectSame(folder, { uri: 'a.csv', ...(csv === undefined ? {} : { csv }) }, 5);
      expect(kinds[1]).toMatch(new RegExp(` of ${tasks}$`, 'u'));
    });
  });

  it('has the rows of the whole: JSON lines and text of any characters, cut anywhere', async () => {
    const piece = fc.constantFrom(
      '\n',
      '\n',
      ' ',
      'ü',
      'a b',
      '"',
      '{"a":1}',
      '{"a": "x\\n"}',
      '{"b":2',
      '[1]',
      '日本',
    );
    await withFolder(async (folder) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(piece, { minLength: 1, maxLength: 60 }),
          fc.integer({ min: 1, max: 12 }),
          async (pieces, tasks) => {
            const text = `${pieces.join('')}\n`;
            await writeFile(join(folder, 'a.txt'), text);
            await writeFile(join(folder, 'a.jsonl'), `{"a":1}\n${text}`);
            await expectSame(folder, { uri: 'a.txt' }, tasks);
            const jsonl = { columns: { a: 'VARCHAR', b: 'BIGINT' } };
            await expectSame(folder, { uri: 'a.jsonl', jsonl }, tasks);
          },
        ),
        { numRuns: 6 },
      );
    });
  });

  it('keeps files whole that are one row each, empty ones too, and those with other line ends', async () => {
    await withFolder(async (folder) => {
      await writeFile(
        join(folder, 'a.txt'),
        lines(300, (index) => `${index}`),
      );
      await writeFile(join(folder, 'b.txt'), '');
      await writeFile(
        join(folder, 'c.txt'),
        lines(300, (index) => `${index}\r`),
      );
      expect(await expectSame(folder, { uri: '*.txt', text: { rows: 'file' } }, 8)).toEqual([
        '3 of 3',
        '3 of 3',
      ]);
      expect((await expectSame(folder, { uri: '*.txt' }, 8))[0]).toMatch(/^600 of [4-8]$/u);
    });
  });

  it('has one task where the input has no row', async () => {
    await withFolder(async (folder) => {
      await writeFile(join(folder, 'a.csv'), 'a,b\n');
      await writeFile(join(folder, 'b.csv'), '');
      await writeFile(join(folder, 'a.txt'), '');
      expect(await expectSame(folder, { uri: '*.csv' }, 8)).toEqual(['0 of 1', '0 of 1']);
      expect(await expectSame(folder, { uri: 'b.csv', csv: { columns: { a: 'BIGINT' } } }, 8)).toEqual([
        '0 of 1',
        '0 of 1',
      ]);
      expect(await expectSame(folder, { uri: 'a.txt' }, 8)).toEqual(['0 of 1', '0 of 1']);
    });
  });

  it('reads Parquet files whole that have a column of the name by which rows are told apart', async () => {
    await withFolder(async (folder) => {
      const out = await writeParquet(folder, [
        `SELECT range % 10 AS file_row_number, range AS id FROM range(9000)`,
        `SELECT range % 3 AS file_row_number, range AS id FROM range(100)`,
      ]);
      expect(await expectSame(out, { uri: '*.parquet' }, 8)).toEqual(['9100 of 2', '9100 of 2']);
    });
  });

  it('has the rows of the whole: Parquet, pruned columns, empty files, names with commas', async () => {
    await withFolder(async (folder) => {
      const out = await writeParquet(folder, [
        `SELECT range AS id, {'f': range, 'g': [range]} AS "a, b" FROM range(9000)`,
        `SELECT range AS id, {'f': range, 'g': [range]} AS "a, b" FROM range(0)`,
        `SELECT range AS id, {'f': range, 'g': [range]} AS "a, b" FROM range(3000)`,
      ]);
      expect(await expectSame(out, { uri: '*.parquet', filename: true }, 4)).toEqual([
        '12000 of 4',
        '12000 of 4',
      ]);
      await withInput(out, { uri: 'p1.parquet' }, async (connection, input, scratch) => {
        const { answer, tasks } = await readSliced(connection, input, {
          tasks: 4,
          tolerant: false,
          out: scratch,
        });
        expect([answer, tasks]).toEqual([{ rows: [], rejects: [] }, 1]);
      });
    });
  });
});

/** Writes one Parquet file for each query, with row groups of 2,048 rows. */
const writeParquet = async (folder: string, queries: readonly string[]): Promise<string> => {
  const out = join(folder, 'parquet');
  await mkdir(out);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    for (const [index, query] of queries.entries())
      await connection.run(`COPY (${query}) TO '${out}/p${index}.parquet' (ROW_GROUP_SIZE 2048)`);
  } finally {
    connection.closeSync();
  }
  return out;
};
