import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Commit } from '../../functions/contract/commit.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { withDuckDB } from '../../functions/io/duckdb-session.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { queryRows } from '../../functions/io/query-rows.ts';
import { quotePath } from '../../functions/sql/quote.ts';
import type { RejectCount } from './report-page.ts';

/** A report is read beside running jobs. */
const THREADS = 1;
const MEMORY_BYTES = 256e6;

/** More causes than this are summed up by nobody. */
const MOST = 50;

/** Rejected rows by cause and column, most first; undefined where a file that kept them is gone. */
export const countRejects = async (
  store: ObjectStore,
  commits: readonly Commit[],
): Promise<readonly RejectCount[] | undefined> => {
  const files: string[] = [];
  for (const commit of commits) {
    if (commit.rejects === undefined) continue;
    const key = KEYS.rejects.render({ ...commit, format: commit.rejects.format });
    const file = store.localPath(key);
    if (commit.rejects.format !== 'parquet' || file === undefined || (await store.head(key)) === undefined) {
      return undefined;
    }
    files.push(path.resolve(file));
  }
  if (files.length === 0) return [];
  const scratchDir = await mkdtemp(path.join(tmpdir(), 'daybreak-report-'));
  try {
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
