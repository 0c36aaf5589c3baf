import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { tableFromIPC, tableToIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import type { PinnedArrowInput, PinnedInput } from '../../functions/contract/pinned-input.ts';
import { openArrowInput } from '../../functions/io/open-arrow-input.ts';
import { queryRows } from '../../functions/io/query-rows.ts';
import { encodeQuery, withConnection } from './arrow/round-trip.ts';
import { queryOf, TYPE_CASES } from './arrow/type-cases.ts';
import { columnTexts, withFolder, withInput } from './open-input.ts';

const FLIGHTS = join(import.meta.dirname, '../../node_modules/vega-datasets/data/flights-200k.arrow');

const arrowOf = (input: PinnedInput): PinnedArrowInput => {
  if (input.format !== 'arrow') throw new Error(input.format);
  return input;
};

/** Rows as arrays, in order; each read makes functions of a name that a connection has but once. */
const readAll = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  columns: readonly string[] = [],
): Promise<unknown[][]> => {
  const opened = openArrowInput(arrowOf(input), columns);
  try {
    return (await queryRows(connection, `FROM ${opened.attach(connection).sql}`)).map((row) =>
      Object.values(row),
    );
  } catch (error) {
    throw opened.failure() ?? error;
  }
};

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
        const rows = await readAll(connection, input);
        expect(rows).toHaveLength(8000);
        expect(rows[4999]).toEqual(['4999', '9998', '2024', join(folder, 'year=2024/a.feather')]);
        expect(rows[5000]).toEqual(['5000', '0', '2025', join(folder, 'year=2025/b.ipc')]);
        expect(rows.map(([id]) => Number(id))).toEqual(Array.from({ length: 8000 }, (_, id) => id));
      });
    });
  });
});
