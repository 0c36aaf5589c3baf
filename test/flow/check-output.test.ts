import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pythonPath } from '../../scripts/setup-python.ts';

const judge = join(import.meta.dirname, '../python/check_output.py');
const name = 'part-0.parquet';
let folder: string;
let part: Readonly<Record<string, unknown>>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-check-'));
  const path = join(folder, name);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`COPY (SELECT 1 AS a FROM range(3)) TO '${path}' (FORMAT parquet)`);
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  part = { name, rows: 3, sizeBytes: (await stat(path)).size, sha256 };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const judgeWith = async (...parts: readonly unknown[]): Promise<unknown> => {
  await writeFile(join(folder, '_manifest.json'), JSON.stringify({ parts }));
  return JSON.parse(execFileSync(pythonPath(), [judge, folder], { encoding: 'utf8' })).problems;
};

describe('the judge of outputs', () => {
  it('finds nothing in an output whose manifest holds', async () => {
    expect(await judgeWith(part)).toEqual([]);
  });

  it.each([
    ['another checksum', { sha256: 'f'.repeat(64) }, /sha256 is/],
    ['another number of rows', { rows: 4 }, /rows is 3, the manifest says 4/],
    ['another size', { sizeBytes: 1 }, /sizeBytes is/],
    ['a part that is not there', { name: 'part-1.parquet' }, /the manifest does not name it/],
  ])('finds %s', async (_law, wrong, sentence) => {
    expect(await judgeWith({ ...part, ...wrong })).toContainEqual(expect.stringMatching(sentence));
  });
});
