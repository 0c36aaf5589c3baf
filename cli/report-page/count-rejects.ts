import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Commit } from '../../functions/contract/commit.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { withDuckDB } from '../../functions/io/duckdb-session.ts';
import { mapBounded } from '../../functions/io/map-bounded.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { queryRows } from '../../functions/io/query-rows.ts';
import { quotePath } from '../../functions/sql/quote.ts';
import type { RejectCount } from './report-page.ts';

/** A report is read beside running jobs. */
const THREADS = 1;
const MEMORY_BYTES = 256e6;

/** More causes than this are summed up by nobody. */
const MOST = 50;

/** What is copied here of a store elsewhere, in all: a page is not worth more. */
const MOST_COPIED_BYTES = 256e6;
/** Each is one small request, and its bytes are in memory. */
const MAX_COPIES = 8;

/** Rejected rows by cause and column, most first; undefined where the files that kept them are gone, or too large. */
export const countRejects = async (
  store: ObjectStore,
  commits: readonly Commit[],
): Promise<readonly RejectCount[] | undefined> => {
  const kept = commits.flatMap((commit) =>
    commit.rejects === undefined
      ? []
      : [{ ...commit.rejects, key: KEYS.rejects.render({ ...commit, format: commit.rejects.format }) }],
  );
  if (kept.length === 0) return [];
  if (kept.some(({ format }) => format !== 'parquet')) return undefined;
  const scratchDir = await mkdtemp(path.join(tmpdir(), 'daybreak-report-'));
  try {
    const files = await filesOf(store, kept, scratchDir);
    if (files === undefined) return undefined;
    const session = { threads: THREADS, memoryBytes: MEMORY_BYTES, scratchDir, writableDirs: [] };
    return await withDuckDB({ ...session, readablePaths: files }, async (connection) => {
      const rows = await queryRows(
        connection,
        `SELECT cause, "column", count(*) AS n FROM read_parquet([${files.map(quotePath).join(', ')}]) GROUP BY ALL ORDER BY n DESC, cause, "column" LIMIT ${MOST}`,
      );
      return rows.map((row) => ({
        cause: String(row.cause),
        column: row.column === null ? '' : String(row.column),
        rows: Number(row.n),
      }));
    });
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
};

type Kept = { readonly key: string; readonly sizeBytes: number };

/** Paths of the files that keep the rejects, where need be of copies; undefined where one is gone, or all are too large. */
const filesOf = async (
  store: ObjectStore,
  kept: readonly Kept[],
  folder: string,
): Promise<readonly string[] | undefined> => {
  const isElsewhere = kept.some(({ key }) => store.localPath(key) === undefined);
  const bytes = kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (isElsewhere && bytes > MOST_COPIED_BYTES) return undefined;
  const numbered = kept.map(({ key }, index) => ({ key, copy: path.join(folder, `${index}.parquet`) }));
  const files = await mapBounded(numbered, MAX_COPIES, async ({ key, copy }) => {
    const file = store.localPath(key);
    if (file !== undefined) return (await store.head(key)) === undefined ? undefined : path.resolve(file);
    const found = await store.get(key);
    if (found === undefined) return undefined;
    await writeFile(copy, found);
    return copy;
  });
  const there = files.filter((file) => file !== undefined);
  return there.length === files.length ? there : undefined;
};
