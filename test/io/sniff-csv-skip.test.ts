import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectRejects } from '../../functions/io/collect-rejects.ts';
import { columnTexts, type InputRequest, readRows, withFolder, withInput } from './open-input.ts';

const read = (files: Readonly<Record<string, string>>, csv: InputRequest['csv'] = {}) =>
  withFolder(async (folder) => {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    return withInput(folder, { uri: '.', csv }, async (connection, input) => {
      const rows = await readRows(connection, input, { tolerant: true });
      const { rejectedRows } = await collectRejects(connection, input);
      return { columns: columnTexts(input), rows, rejectedRows };
    });
  });

const rowsOf = (count: number) => Array.from({ length: count }, (_, row) => `${row},x${row}\n`).join('');

describe('lines above a CSV that DuckDB would pass over', () => {
  it.each<[string, Readonly<Record<string, string>>, string, number]>([
    ['a preamble', { 'a.csv': `# preamble\na,b\n${rowsOf(50)}` }, 'a.csv', 1],
    [
      'a preamble, beside a file without one',
      { 'a.csv': `# preamble\na,b\n${rowsOf(50)}`, 'b.csv': rowsOf(4) },
      'a.csv',
      1,
    ],
    ['short rows first', { 'a.csv': `a,b\n${'1,2\n'.repeat(3)}${'1,2,3\n'.repeat(100)}` }, 'a.csv', 4],
    ['rows of each length', { 'a.csv': 'a,b\n1,2\n3\n4,5,6\n' }, 'a.csv', 3],
    ['a header shorter than all rows', { 'a.csv': 'a,b\n1,2,3\n4,5,6\n' }, 'a.csv', 1],
    [
      'blank lines that another file lacks',
      { 'a.csv': `\n\na,b\n${rowsOf(50)}`, 'b.csv': 'a,b\n1,x\n2,y\n' },
      'b.csv',
      2,
    ],
  ])('rejects %s', async (_, files, name, lines) => {
    const error = await read(files).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'InputFormatError',
      message: expect.stringMatching(new RegExp(`${name}" .*set csv\\.skip: ${lines} `)),
    });
  });

  it('are passed over where they are blank in every file', async () => {
    const files = { 'a.csv': '\n\na,b\n1,x\n2,y\n', 'b.csv': '\r\n\r\na,b\r\n3,z\r\n' };
    expect(await read(files)).toEqual({
      columns: ['a BIGINT', 'b VARCHAR'],
      rows: [
        ['1', 'x'],
        ['2', 'y'],
        ['3', 'z'],
      ],
      rejectedRows: 0,
    });
  });

  it('are passed over in every file where csv.skip says so', async () => {
    const files = { 'a.csv': `# one\na,b\n${rowsOf(2)}`, 'b.csv': '# two\na,b\n7,z\n' };
    expect((await read(files, { skip: 1 })).rows).toEqual([
      ['0', 'x0'],
      ['1', 'x1'],
      ['7', 'z'],
    ]);
  });

  it('are rows to judge where csv.skip is 0', async () => {
    expect(await read({ 'a.csv': 'a,b\n1,2\n3\n4,5,6\n' }, { skip: 0 })).toEqual({
      columns: ['a BIGINT', 'b BIGINT'],
      rows: [['1', '2']],
      rejectedRows: 2,
    });
  });
});

describe('a header and rows of other lengths', () => {
  it('names the columns of the header where the rows are shorter', async () => {
    const { columns, rejectedRows } = await read({ 'a.csv': `a,b,c\n${'6,7\n'.repeat(30)}` });
    expect(columns.length).toBe(3);
    expect(rejectedRows).toBe(30);
  });
});

describe('csv.null_padding', () => {
  it('takes short rows beside a quoted line break in the sample', async () => {
    const files = { 'a.csv': `a,b\n1,"x\ny"\n3\n${'4,z\n'.repeat(50)}` };
    const { rows, rejectedRows } = await read(files, { null_padding: true });
    expect(rows.slice(0, 2)).toEqual([
      ['1', 'x\ny'],
      ['3', null],
    ]);
    expect(rows.length).toBe(52);
    expect(rejectedRows).toBe(0);
  });
});
