import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRejects } from '../../../cli/report-page/count-rejects.ts';
import { Commit } from '../../../functions/contract/commit.ts';
import { KEYS } from '../../../functions/contract/keys.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { readStoreCases } from '../../conformance/store-case.ts';

let folder: string;
let store: ObjectStore;
let commits: readonly Commit[];

/** The tasks of a stage, each with two rejects of one cause and one of another. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-rejects-'));
  store = await openFileStore(join(folder, 'state'));
  const file = join(folder, 'rejects.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = `VALUES ('cast', 'a'), ('cast', 'a'), ('missing_columns', NULL)`;
  await connection.run(`COPY (SELECT * FROM (${rows}) t(cause, "column")) TO '${file}' (FORMAT parquet)`);
  instance.closeSync();
  const bytes = await readFile(file);
  const base = Commit.parse(readStoreCases().base.commit);
  commits = ['000000', '000001'].map((task) => ({
    ...base,
    task,
    rejects: { format: 'parquet' as const, sizeBytes: bytes.length, sha256: '0'.repeat(64), rows: 3 },
  }));
  for (const commit of commits) await store.put(KEYS.rejects.render({ ...commit, format: 'parquet' }), bytes);
});
afterAll(() => rm(folder, { recursive: true }));

const elsewhere = (): ObjectStore => ({ ...store, localPath: () => undefined });

describe('rejects by cause', () => {
  it('are counted in the files of the store, and in copies where they lie elsewhere', async () => {
    const counted = [
      { cause: 'cast', column: 'a', rows: 4 },
      { cause: 'missing_columns', column: '', rows: 2 },
    ];
    expect(await countRejects(store, commits)).toEqual(counted);
    expect(await countRejects(elsewhere(), commits)).toEqual(counted);
    expect(await countRejects(elsewhere(), [])).toEqual([]);
  });

  it('are not counted where a file is gone, or all are too large to copy', async () => {
    const large = commits.map((commit) => ({
      ...commit,
      rejects: { ...commit.rejects, sizeBytes: 200e6 },
    })) as readonly Commit[];
    expect(await countRejects(elsewhere(), large)).toBeUndefined();
    expect(await countRejects(store, large)).toHaveLength(2);
    const gone = commits.map((commit) => ({ ...commit, task: '000009' }));
    for (const each of [store, elsewhere()]) expect(await countRejects(each, gone)).toBeUndefined();
  });
});
