import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withDuckDB } from '../functions/io/duckdb-session.ts';
import type { ObjectStore } from '../functions/io/object-store.ts';
import { queryRows } from '../functions/io/query-rows.ts';
import { quotePath } from '../functions/sql/quote.ts';

/** A look at a few rows needs no more. */
const MEMORY_BYTES = 256e6;
/** Different ones; the file has them all. */
const MOST_MESSAGES = 3;
/** A message may quote a whole value. */
const MOST_CHARACTERS = 200;

/**
 * What the functions of a job said of the rows that they rejected, each message once, in the order of the file. These
 * are the author's own words and may hold values: for the terminal of who runs the job, never for a log. None where
 * the file is not on this machine, or holds rejects of a reader alone.
 */
export const renderRejectMessages = async (store: ObjectStore, key: string): Promise<readonly string[]> => {
  const file = store.localPath(key);
  if (file === undefined || (await store.head(key)) === undefined) return [];
  const scratchDir = await mkdtemp(path.join(tmpdir(), 'daybreak-rejects-'));
  const session = { threads: 1, memoryBytes: MEMORY_BYTES, scratchDir, writableDirs: [] };
  const source = `read_parquet(${quotePath(path.resolve(file))})`;
  try {
    return await withDuckDB({ ...session, readablePaths: [path.resolve(file)] }, async (connection) => {
      const columns = await queryRows(connection, `DESCRIBE SELECT * FROM ${source}`);
      if (!columns.some(({ column_name }) => column_name === 'message')) return [];
      const rows = await queryRows(
        connection,
        `SELECT step, error, place, message, count(*) AS rows FROM (SELECT *, row_number() OVER () AS number FROM ${source})
         WHERE message IS NOT NULL GROUP BY ALL ORDER BY min(number) LIMIT ${MOST_MESSAGES}`,
      );
      return rows.map(renderMessage);
    });
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
};

const renderMessage = ({ step, error, place, message, rows }: Record<string, unknown>): string => {
  const times = Number(rows) === 1 ? '' : ` (${Number(rows)} rows)`;
  const where = place === null ? '' : ` at ${place}`;
  const what = error === null ? String(message) : `${error}: ${message}`;
  const printable = what.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, MOST_CHARACTERS);
  return `steps[${step}]${where}: ${printable}${times}`;
};
