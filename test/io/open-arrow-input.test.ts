import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Dictionary,
  Int32,
  Null,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { ACCESS_IN_PLACE } from '../../functions/io/input-access.ts';
import { openArrowInput } from '../../functions/io/open-arrow-input.ts';
import { queryRows } from '../../functions/io/query-rows.ts';
import { openSlice } from '../../functions/io/slices/open-slice.ts';
import { planInputSlices } from '../../functions/io/slices/plan-input-slices.ts';
import { encodeQuery, withConnection } from './arrow/round-trip.ts';
import { queryOf, TYPE_CASES } from './arrow/type-cases.ts';
import { columnTexts, withFolder, withInput } from './open-input.ts';
import { arrowOf, readArrowRows } from './read-arrow-rows.ts';

const FLIGHTS = join(import.meta.dirname, '../../node_modules/vega-datasets/data/flights-200k.arrow');

const writeQuery = async (path: string, sql: string, batchRows = 1000): Promise<void> => {
  const { bytes } = await withConnection((connection) => encodeQuery(connection, sql, { batchRows }));
  await writeFile(path, bytes);
};

/** The batches of a stream as a file: the same messages between the marks and a footer. */
const asFile = (stream: Uint8Array): Uint8Array => tableToIPC(tableFromIPC(stream), 'file');

describe('an Arrow input', () => {
  it('reads a file of others as the library that it came with does', async () => {
    await withFolder(async (folder) => {
      await copyFile(FLIGHTS, join(folder, 'flights.arrow'));
      await withInput(folder, { uri: 'flights.arrow' }, async (connection, input) => {
        expect(columnTexts(input)).toEqual(['delay SMALLINT', 'distance SMALLINT', 'time FLOAT']);
        expect(input.files[0]?.rows).toBe(200_000);
        const opened = openArrowInput(arrowOf(input), []);
        const { sql } = opened.attach(connection);
        const [row] = await queryRows(
          connection,
          `SELECT count(*) AS rows, sum(delay)::BIGINT AS delay, sum(distance)::BIGINT AS distance, sum(time) AS time FROM ${sql}`,
        );
        const table = tableFromIPC(await readFile(FLIGHTS));
        const sum = (name: string): number => {
          let total = 0;
          for (const value of table.getChild(name) ?? []) total += Number(value);
          return total;
        };
        expect(row).toEqual({
          rows: '200000',
          delay: String(sum('delay')),
          distance: String(sum('distance')),
          time: expect.closeTo(sum('time'), 3),
        });
        expect(opened.rowsRead()).toBe(200_000);
      });
    });
  });

  it.each(Object.keys(TYPE_CASES))(
    'gives the values of %s, and those alone that are asked for',
    async (type) => {
      await withFolder(async (folder) => {
        const query = queryOf(type, TYPE_CASES[type] ?? []);
        await writeQuery(
          join(folder, 'a.arrows'),
          `SELECT 7 AS before, v, [v] AS l, 'x' AS after FROM (${query})`,
        );
        await withInput(folder, { uri: '*' }, async (connection, input) => {
          // Marks of Daybreak's own that a file of anybody may not carry.
          const isOwn = /^(BIT|BIGNUM|TIME WITH TIME ZONE)$/.test(type);
          const expected = await queryRows(connection, `SELECT CAST(v AS VARCHAR) AS v FROM (${query})`);
          const { sql } = openArrowInput(arrowOf(input), ['v', 'after']).attach(connection);
          const found = await queryRows(
            connection,
            `SELECT CAST(v AS VARCHAR) AS v FROM ${sql} WHERE after = 'x'`,
          );
          if (isOwn) expect(found).toHaveLength(expected.length);
          else expect(found).toEqual(expected);
        });
      });
    },
  );

  it('reads files and streams of one folder together, with folders and file names', async () => {
    await withFolder(async (folder) => {
      await mkdir(join(folder, 'year=2024'));
      await mkdir(join(folder, 'year=2025'));
      const first = await withConnection((connection) =>
        encodeQuery(connection, 'SELECT i AS id, i * 2 AS n FROM range(5000) r(i)', {
          batchRows: 700,
          codec: 'none',
        }),
      );
      await writeFile(join(folder, 'year=2024/a.feather'), asFile(first.bytes));
      await writeQuery(
        join(folder, 'year=2025/b.ipc'),
        'SELECT 5000 + i AS id, i AS n FROM range(3000) r(i)',
      );
      await withInput(folder, { uri: '.', filename: true }, async (connection, input) => {
        expect(columnTexts(input)).toEqual(['id BIGINT', 'n BIGINT', 'year BIGINT', 'filename VARCHAR']);
        const rows = await readArrowRows(connection, input);
        expect(rows).toHaveLength(8000);
        expect(rows[4999]).toEqual(['4999', '9998', '2024', join(folder, 'year=2024/a.feather')]);
        expect(rows[5000]).toEqual(['5000', '0', '2025', join(folder, 'year=2025/b.ipc')]);
        expect(rows.map(([id]) => Number(id))).toEqual(Array.from({ length: 8000 }, (_, id) => id));
      });
    });
  });

  it('takes columns by name, of a union those that a file has, and a column of nulls as any type', async () => {
    await withFolder(async (folder) => {
      const nulls = vectorFromArray([null], new Null());
      const first = { id: vectorFromArray([1], new Int32()), name: vectorFromArray(['x'], new Utf8()) };
      await writeFile(join(folder, 'a.arrow'), tableToIPC(new Table({ ...first, note: nulls }), 'file'));
      await writeQuery(join(folder, 'b.arrow'), "SELECT 'n' AS note, 'y' AS NAME, 2::BIGINT AS id");
      await writeQuery(join(folder, 'c.arrow'), 'SELECT [1.5] AS more, 3::SMALLINT AS id');
      await withInput(folder, { uri: '{a,b}.arrow' }, async (connection, input) => {
        expect(columnTexts(input)).toEqual(['id BIGINT', 'name VARCHAR', 'note VARCHAR']);
        expect(await readArrowRows(connection, input)).toEqual([
          ['1', 'x', null],
          ['2', 'y', 'n'],
        ]);
      });
      await withInput(folder, { uri: '.', schema: 'union' }, async (connection, input) => {
        expect(await readArrowRows(connection, input, ['more', 'id'])).toEqual([
          [null, '1'],
          [null, '2'],
          [['1.5'], '3'],
        ]);
      });
      await expect(withInput(folder, { uri: '.' }, async () => 'never')).rejects.toMatchObject({
        name: 'InputSchemaError',
        message: expect.stringContaining('set input.schema: union'),
      });
    });
  });

  it('rejects a column whose types no type holds together', async () => {
    await withFolder(async (folder) => {
      await writeQuery(join(folder, 'a.arrow'), 'SELECT 1 AS v');
      await writeQuery(join(folder, 'b.arrow'), "SELECT 'one' AS v");
      await expect(withInput(folder, { uri: '.' }, async () => 'never')).rejects.toMatchObject({
        name: 'InputSchemaError',
        message: expect.stringContaining('none holds both'),
      });
    });
  });

  it('reads nulls alone, nested too, and files without a batch', async () => {
    await withFolder(async (folder) => {
      const batch = 'SELECT NULL AS a, [NULL] AS l, 7 AS v FROM range(3)';
      await writeQuery(join(folder, 'a.arrow'), batch);
      await writeQuery(join(folder, 'b.arrow'), `${batch} WHERE false`);
      await withInput(folder, { uri: '.' }, async (connection, input) => {
        expect(columnTexts(input)).toEqual(['a INTEGER', 'l INTEGER[]', 'v INTEGER']);
        expect(input.files.map(({ rows }) => rows)).toEqual([3, 0]);
        expect(await readArrowRows(connection, input)).toEqual(Array(3).fill([null, [null], 7]));
      });
      await withInput(folder, { uri: 'b.arrow' }, async (connection, input) => {
        expect(await readArrowRows(connection, input)).toEqual([]);
      });
    });
  });

  it('reads dictionaries as their values, an enum as text', async () => {
    await withFolder(async (folder) => {
      const words = vectorFromArray(['b', 'a', null, 'b'], new Dictionary(new Utf8(), new Int32()));
      for (const kind of ['file', 'stream'] as const)
        await writeFile(join(folder, `${kind}.arrow`), tableToIPC(new Table({ v: words }), kind));
      await writeQuery(join(folder, 'z.arrow'), "SELECT 'y'::ENUM('x', 'y') AS v");
      await withInput(folder, { uri: '.' }, async (connection, input) => {
        expect(columnTexts(input)).toEqual(['v VARCHAR']);
        const values = ['b', 'a', null, 'b', 'b', 'a', null, 'b', 'y'];
        expect((await readArrowRows(connection, input)).flat()).toEqual(values);
      });
    });
  });

  it('never reads what the columns that no step needs hold', async () => {
    await withFolder(async (folder) => {
      const { bytes } = await withConnection((connection) =>
        encodeQuery(connection, "SELECT 7 AS v, repeat('MARK', 100) AS t", { codec: 'none' }),
      );
      // 0xff is no UTF-8.
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).fill(
        0xff,
        Buffer.from(bytes).indexOf('MARK') + 8,
        Buffer.from(bytes).indexOf('MARK') + 12,
      );
      await writeFile(join(folder, 'a.arrow'), bytes);
      await withInput(folder, { uri: '.' }, async (connection, input) => {
        expect(await readArrowRows(connection, input, ['v'])).toEqual([[7]]);
      });
      await withInput(folder, { uri: '.' }, async (connection, input) => {
        await expect(readArrowRows(connection, input, ['t'])).rejects.toMatchObject({
          name: 'InputFormatError',
          message: expect.stringContaining('a column of text is not UTF-8'),
        });
      });
    });
  });

  it('is cut into slices of whole batches that hold each row once, in order', async () => {
    await withFolder(async (folder) => {
      const sql = "SELECT i AS id, repeat('x', 90) || i AS t FROM range(9000) r(i)";
      const { bytes } = await withConnection((connection) =>
        encodeQuery(connection, sql, { batchRows: 1000, codec: 'none' }),
      );
      await writeFile(join(folder, 'a.arrow'), asFile(bytes));
      await writeFile(join(folder, 'b.arrows'), bytes);
      await writeQuery(join(folder, 'c.arrow'), `${sql} LIMIT 0`);
      for (const tasks of [1, 2, 5, 18, 40])
        await withInput(folder, { uri: '.' }, async (_, input, out) => {
          const planned = await withInput(folder, { uri: '.' }, (connection) =>
            planInputSlices(connection, input, { tasks, columns: ['id', 't'] }),
          );
          const ids: number[] = [];
          for (const task of planned) {
            if (task.kind !== 'rows') throw new Error(task.kind);
            const slice = await openSlice(input, task, {
              access: ACCESS_IN_PLACE,
              columns: [],
              scratchDir: out,
            });
            const rows = await withConnection((connection) => readArrowRows(connection, slice.input, ['id']));
            expect(rows.length).toBe(slice.rowsByChain);
            ids.push(...rows.map(([id]) => Number(id)));
          }
          expect(planned.length).toBeLessThanOrEqual(tasks);
          expect(planned.length).toBeGreaterThanOrEqual(Math.min(tasks, 10));
          expect(ids).toEqual(Array.from({ length: 18_000 }, (_, row) => row % 9000));
        });
    });
  });
});
