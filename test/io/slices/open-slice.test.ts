import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DuckDBConnection } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { renderRejectPlace } from '../../../functions/contract/errors-input.ts';
import type { PinnedInput } from '../../../functions/contract/pinned-input.ts';
import { collectRejects, diagnoseReaderError } from '../../../functions/io/collect-rejects.ts';
import { ACCESS_IN_PLACE } from '../../../functions/io/input-access.ts';
import { queryRows } from '../../../functions/io/query-rows.ts';
import { openSlice } from '../../../functions/io/slices/open-slice.ts';
import { planInputSlices } from '../../../functions/io/slices/plan-input-slices.ts';
import { renderReadInput } from '../../../functions/sql/read-input.ts';
import { withFolder, withInput } from '../open-input.ts';

type Read = { readonly rows: unknown[][]; readonly perTask: number[]; readonly kinds: string[] };

const values = async (connection: DuckDBConnection, sql: string): Promise<unknown[][]> =>
  (await queryRows(connection, `FROM ${sql}`)).map((row) => Object.values(row));

/** Plans, opens and reads each slice, in order. */
const readSlices = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  { tasks, out }: { readonly tasks: number; readonly out: string },
): Promise<Read> => {
  const read: Read = { rows: [], perTask: [], kinds: [] };
  const columns = input.columns.map(({ name }) => name);
  for (const task of await planInputSlices(connection, input, { tasks, columns })) {
    if (task.kind !== 'ranges' && task.kind !== 'rows') throw new Error(task.kind);
    const scratch = join(out, task.task);
    await mkdir(scratch);
    const slice = await openSlice(input, task, { access: ACCESS_IN_PLACE, columns: [], scratchDir: scratch });
    const rows = await values(connection, slice.render({ tolerant: false }));
    if (slice.rowsByChain !== undefined) expect(rows.length).toBe(slice.rowsByChain);
    read.rows.push(...rows);
    read.perTask.push(rows.length);
    read.kinds.push(
      task.kind === 'rows' ? task.rows.length.toString() : task.ranges.map(({ startsAt }) => startsAt).join(),
    );
  }
  return read;
};

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

describe('planInputSlices and openSlice', () => {
  it('gives each row of CSV files once, in order, with folders, file names and columns of another order', async () => {
    await withFolder(async (folder) => {
      await mkdir(join(folder, 'year=2024'));
      await mkdir(join(folder, 'year=2025'));
      await writeFile(
        join(folder, 'year=2024', 'a.csv'),
        `id,name\n${lines(3000, (index) => `${index},"n, ${index}"`)}`,
      );
      await writeFile(
        join(folder, 'year=2025', 'b.csv'),
        `name,id\n${lines(50, (index) => `b${index},${index}`)}`,
      );
      await writeFile(
        join(folder, 'year=2025', 'c.csv'),
        `id,name,more\n${lines(2000, (index) => `${index},c,${index}.5`)}`,
      );
      const request = { uri: '**/*.csv', schema: 'union' as const, filename: true };
      await withInput(folder, request, async (connection, input, out) => {
        const read = await readSlices(connection, input, { tasks: 6, out });
        expect(read.rows).toEqual(await values(connection, renderReadInput(input, { tolerant: false })));
        expect(read.rows).toHaveLength(5050);
        expect(read.kinds.length).toBeGreaterThan(3);
        expect(read.kinds.join()).toContain('guess');
      });
    });
  });

  it('reads a gzip file whole, small ones together', async () => {
    await withFolder(async (folder) => {
      for (const name of ['a', 'b', 'c', 'd'])
        await writeFile(
          join(folder, `${name}.csv.gz`),
          gzipSync(`x,y\n${lines(200, (index) => `${index},${name}`)}`),
        );
      await withInput(folder, { uri: '*.csv.gz' }, async (connection, input, out) => {
        const read = await readSlices(connection, input, { tasks: 2, out });
        expect(read.kinds).toEqual(['whole,whole', 'whole,whole']);
        expect(read.rows).toEqual(await values(connection, renderReadInput(input, { tolerant: false })));
      });
    });
  });

  it('cuts jsonl and text at line ends, blank lines included', async () => {
    await withFolder(async (folder) => {
      await writeFile(
        join(folder, 'a.jsonl'),
        lines(900, (index) => (index % 9 === 0 ? ' ' : `{"a": ${index}, "b": "x\\n"}`)),
      );
      await writeFile(
        join(folder, 'a.txt'),
        `\uFEFF${lines(900, (index) => (index % 9 === 0 ? '' : `line ${index}`))}end`,
      );
      for (const uri of ['a.jsonl', 'a.txt'])
        await withInput(folder, { uri }, async (connection, input, out) => {
          const read = await readSlices(connection, input, { tasks: 7, out });
          expect(read.rows).toEqual(await values(connection, renderReadInput(input, { tolerant: false })));
          expect(read.perTask).toHaveLength(7);
        });
    });
  });

  it('reads Parquet by row groups, of files with other columns too', async () => {
    await withFolder(async (folder) => {
      await withInput(folder, { uri: await seed(folder) }, async (connection, _, out) => {
        await connection.run(
          `COPY (SELECT range AS id, 'x' || range AS name FROM range(20000)) TO '${out}/a.parquet' (ROW_GROUP_SIZE 2048)`,
        );
        await connection.run(
          `COPY (SELECT 'y' AS "Name", range::INTEGER AS id, range * 0.5 AS more FROM range(9000)) TO '${out}/b.parquet' (ROW_GROUP_SIZE 2048)`,
        );
        const request = { uri: `${out}/*.parquet`, schema: 'union' as const, filename: 'f' };
        await withInput(out, request, async (inner, input, scratch) => {
          for (const tasks of [1, 3, 8, 40]) {
            const folderOf = join(scratch, String(tasks));
            await mkdir(folderOf);
            const read = await readSlices(inner, input, { tasks, out: folderOf });
            expect(read.rows).toEqual(await values(inner, renderReadInput(input, { tolerant: false })));
            expect(read.kinds.length).toBeLessThanOrEqual(tasks);
          }
        });
      });
    });
  });

  it('places the rejects of a copy in its file, without a line', async () => {
    await withFolder(async (folder) => {
      const text = `id,name\n${lines(4000, (index) => `${index === 3000 ? 'bad' : index},n${index}`)}`;
      await writeFile(join(folder, 'a.csv'), text);
      const request = { uri: 'a.csv', csv: { types: { id: 'BIGINT' } } };
      await withInput(folder, request, async (connection, input, out) => {
        const columns = input.columns.map(({ name }) => name);
        const [, second] = await planInputSlices(connection, input, { tasks: 2, columns });
        if (second?.kind !== 'ranges') throw new Error('expected ranges');
        const slice = await openSlice(input, second, {
          access: ACCESS_IN_PLACE,
          columns: [],
          scratchDir: out,
        });
        const rows = await values(connection, slice.render({ tolerant: true }));
        const { rejectedRows, first } = await collectRejects(connection, slice.input);
        expect(rows.length + rejectedRows).toBe(slice.rowsByChain);
        const place = {
          file: join(folder, 'a.csv'),
          byteOffset: text.indexOf('bad'),
          column: 'id',
          cause: 'cast' as const,
        };
        expect(first).toEqual(place);
        const error = await values(connection, slice.render({ tolerant: false })).catch(
          (cause: unknown) => cause,
        );
        expect(error).toBeInstanceOf(Error);
        expect((await diagnoseReaderError(connection, slice.input, { error }))?.first).toEqual(place);
        expect(renderRejectPlace(place)).toBe(`${place.file} at byte ${place.byteOffset}, column "id": cast`);
      });
    });
  });
});

const seed = async (folder: string): Promise<string> => {
  await writeFile(join(folder, 'seed.csv'), 'a\n1\n');
  return 'seed.csv';
};
