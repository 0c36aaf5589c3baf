import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CsvDialect } from '../../../functions/core/csv-machine.ts';
import { judgeChain } from '../../../functions/core/judge-chain.ts';
import type { RowFormat } from '../../../functions/core/scan-range.ts';
import { openFileBytes } from '../../../functions/io/byte-source.ts';
import { copyRange, type RangeCopy } from '../../../functions/io/slices/copy-range.ts';
import { CHUNK_BYTES, type FileRange, readRange } from '../../../functions/io/slices/read-range.ts';

const dialect: CsvDialect = {
  delimiter: ',',
  quote: '"',
  escape: '"',
  newline: '\n',
  maxRowBytes: 2_097_152,
};
const csv: RowFormat = { kind: 'csv', dialect, columns: 2 };
const lines: RowFormat = { kind: 'lines' };

let folder: string;
let connection: DuckDBConnection;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-slices-'));
  connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});
afterAll(async () => {
  connection.closeSync();
  await rm(folder, { recursive: true });
});

const put = async (text: string): Promise<Pick<FileRange, 'path' | 'sizeBytes' | 'openBytes'>> => {
  files++;
  const path = join(folder, `${files}.txt`);
  await writeFile(path, text);
  return { path, sizeBytes: Buffer.byteLength(text), openBytes: () => openFileBytes(path) };
};

type Cut = { readonly copies: readonly RangeCopy[]; readonly text: string; readonly verdict: unknown };

const cut = async (text: string, format: RowFormat, ranges: number): Promise<Cut> => {
  const file = await put(text);
  const edge = (index: number): number => Math.floor((file.sizeBytes * index) / ranges);
  const copies: RangeCopy[] = [];
  for (let index = 0; index < ranges; index++) {
    const range: FileRange = {
      ...file,
      format,
      dataOffset: 0,
      startOffset: edge(index),
      endOffset: edge(index + 1),
      startsAt: 'guess',
    };
    copies.push(await copyRange(range, `${file.path}.${index}`));
  }
  const reports = copies.map((copy) => copy.report);
  const verdict = judgeChain({ dataOffset: 0, sizeBytes: file.sizeBytes, reports });
  const parts = await Promise.all(
    copies.map((copy) => (copy.path === undefined ? '' : readFile(copy.path, 'utf8'))),
  );
  return { copies, text: parts.join(''), verdict };
};

describe('copyRange', () => {
  it('copies each byte of a file once, over many chunks and rows that span them', async () => {
    const row = (index: number): string =>
      `${index},"text ${'x'.repeat(index % 500)}\n ""more"", ${index}"\n`;
    const text = Array.from({ length: 12_000 }, (_, index) => row(index)).join('');
    expect(text.length).toBeGreaterThan(3 * CHUNK_BYTES);
    const result = await cut(text, csv, 3);
    expect(result.verdict).toEqual({ kind: 'proved', rows: 12_000, blankRows: 0 });
    expect(result.text === text).toBe(true);
    expect(result.copies.map((copy) => copy.sizeBytes).reduce((sum, bytes) => sum + bytes)).toBe(text.length);
  });

  it('reads jsonl from copies as DuckDB reads the file', async () => {
    const text = Array.from({ length: 50 }, (_, id) => JSON.stringify({ id, text: `"line\n${id}"` })).join(
      '\r\n',
    );
    const { copies, verdict } = await cut(text, lines, 7);
    expect(verdict).toMatchObject({ kind: 'proved', rows: 50 });
    const paths = copies.flatMap((copy) => (copy.sizeBytes > 0 ? [`'${copy.path}'`] : []));
    const reader = await connection.runAndReadAll(
      `SELECT count(*), sum(id), count(DISTINCT text) FROM read_json([${paths}], format = 'newline_delimited')`,
    );
    expect(reader.getRowsJson()).toEqual([['50', '1225', '50']]);
  });

  it('leads the byte position of a reject in a copy back to the file', async () => {
    const text = '1,a\n2,b\n3,"c"\nx,d\n5,e\n';
    const { copies } = await cut(text, csv, 2);
    const second = copies[1];
    await connection.run(`CREATE OR REPLACE TEMP TABLE seen AS FROM read_csv('${second?.path}', auto_detect = false,
      header = false, columns = {'id': 'BIGINT', 'name': 'VARCHAR'}, delim = ',', quote = '"', escape = '"',
      new_line = '\\n', store_rejects = true)`);
    const rejects = await connection.runAndReadAll(
      'SELECT line_byte_position, byte_position FROM reject_errors',
    );
    const [line, at] = rejects.getRows()[0] ?? [];
    // DuckDB counts both from 1; a copy begins at its first row.
    const { firstRowOffset = Number.NaN } = second?.report ?? {};
    expect(firstRowOffset + Number(line) - 1).toBe(text.indexOf('x,d'));
    expect(firstRowOffset + Number(at) - 1).toBe(text.indexOf('x,d'));
  });

  it('keeps no copy of a range with a quoting error', async () => {
    const { copies } = await cut('1,a\n2,"b"x\n3,c\n', csv, 1);
    expect(copies[0]).toMatchObject({
      report: { quotingError: { offset: 9, cause: 'invalid-byte' } },
      sizeBytes: 0,
    });
    expect(copies[0]?.path).toBeUndefined();
    expect(existsSync(join(folder, `${files}.txt.0`))).toBe(false);
  });

  it('fails with a quoting error where a copy would lose a byte order mark', async () => {
    const { copies } = await cut('1,a\n\uFEFF2,b\n', csv, 3);
    expect(copies[1]?.report.quotingError).toEqual({ offset: 4, cause: 'row-starts-with-bom' });
    const inLines = await cut('1,a\n\uFEFF2,b\n', lines, 3);
    expect(inLines.copies[1]?.report.quotingError).toEqual({ offset: 4, cause: 'row-starts-with-bom' });
  });

  it('fails where the file has become shorter than it was pinned, and leaves nothing', async () => {
    const file = await put('1,a\n2,b\n3,c\n');
    await truncate(file.path, 6);
    const range: FileRange = {
      ...file,
      format: csv,
      dataOffset: 0,
      startOffset: 0,
      endOffset: file.sizeBytes,
      startsAt: 'row',
    };
    await expect(copyRange(range, `${file.path}.copy`)).rejects.toThrow(/ends at byte 6, but had 12 bytes/);
    expect(existsSync(`${file.path}.copy`)).toBe(false);
    await expect(readRange(range, async () => {})).rejects.toMatchObject({ name: 'InputChangedError' });
  });

  it('fails where something is at the target already, and leaves that', async () => {
    const file = await put('1,a\n');
    const range: FileRange = {
      ...file,
      format: csv,
      dataOffset: 0,
      startOffset: 0,
      endOffset: 4,
      startsAt: 'row',
    };
    await expect(copyRange(range, file.path)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(file.path, 'utf8')).toBe('1,a\n');
  });
});
