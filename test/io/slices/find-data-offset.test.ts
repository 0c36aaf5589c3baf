import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RowFormat } from '../../../functions/core/scan-range.ts';
import { openFileBytes } from '../../../functions/io/byte-source.ts';
import { findDataOffset } from '../../../functions/io/slices/find-data-offset.ts';
import { CHUNK_BYTES } from '../../../functions/io/slices/read-range.ts';

const csv: RowFormat = {
  kind: 'csv',
  dialect: { delimiter: ',', quote: '"', escape: '"', newline: '\n', maxRowBytes: 2_097_152 },
  columns: 2,
};

let folder: string;
let connection: DuckDBConnection;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-offset-'));
  connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});
afterAll(async () => {
  connection.closeSync();
  await rm(folder, { recursive: true });
});

const read = async (path: string, options: string): Promise<string> => {
  const sql = `FROM read_csv('${path}', auto_detect = false, columns = {'a': 'VARCHAR', 'b': 'VARCHAR'},
    delim = ',', quote = '"', escape = '"', new_line = '\\n', ${options})`;
  return JSON.stringify((await connection.runAndReadAll(sql)).getRows());
};

const HEADS = [
  'h,"i\nj"\n1,a\n2,b\n',
  '\uFEFFh,i\n1,a\n2,b\n',
  '\uFEFF"h\n",i\n1,a\n2,b\n',
  '\n\nh,i\n1,a\n2,b\n',
  'h,i\n\n1,a\n2,b',
  'h,i\n',
  'h,i',
  '',
] as const;

describe('findDataOffset', () => {
  it.each([...HEADS])('finds where DuckDB begins to read rows in %j', async (text) => {
    const path = join(folder, 'whole.csv');
    for (const skip of [0, 1, 2]) {
      await writeFile(path, text);
      const { dataOffset } = await findDataOffset(() => openFileBytes(path), csv, skip + 1);
      const copy = join(folder, 'rest.csv');
      await writeFile(copy, Buffer.from(text).subarray(dataOffset));
      const outcome = await read(path, `header = true, skip = ${skip}`).catch(() => 'an error');
      expect(await read(copy, 'header = false').catch(() => 'an error'), `skip ${skip}`).toBe(outcome);
    }
  });

  it('skips a byte order mark where nothing else is skipped', async () => {
    const path = join(folder, 'bom.csv');
    await writeFile(path, '\uFEFF1,a\n');
    expect(await findDataOffset(() => openFileBytes(path), csv, 0)).toEqual({ dataOffset: 3 });
    expect(await findDataOffset(() => openFileBytes(path), { kind: 'lines' }, 0)).toEqual({ dataOffset: 3 });
  });

  it('finds the end of a header that is longer than one chunk', async () => {
    const path = join(folder, 'long.csv');
    await writeFile(path, `"${'h\n'.repeat(CHUNK_BYTES / 2)}",i\n1,a\n`);
    expect(await findDataOffset(() => openFileBytes(path), csv, 1)).toEqual({ dataOffset: CHUNK_BYTES + 5 });
  });

  it('fails with a quoting error in the rows to skip', async () => {
    const path = join(folder, 'bad.csv');
    await writeFile(path, '"h"x,i\n1,a\n');
    expect((await findDataOffset(() => openFileBytes(path), csv, 1)).quotingError).toEqual({
      offset: 3,
      cause: 'invalid-byte',
    });
    await writeFile(path, '"h,i\n1,a\n');
    expect((await findDataOffset(() => openFileBytes(path), csv, 1)).quotingError?.cause).toBe(
      'unterminated-quote',
    );
  });
});
