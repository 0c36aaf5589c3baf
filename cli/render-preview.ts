import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Manifest } from '../functions/contract/manifest.ts';
import type { Report } from '../functions/contract/report.ts';
import { isS3Uri } from '../functions/core/s3-uri.ts';
import { withDuckDB } from '../functions/io/duckdb-session.ts';
import { quoteIdentifier, quotePath } from '../functions/sql/quote.ts';
import { readManifest } from './read-manifest.ts';
import { renderTable } from './render-table.ts';

/** A look at a few rows needs no more. */
const PREVIEW_MEMORY_BYTES = 500e6;

const READERS: Readonly<Record<string, (path: string) => string>> = {
  parquet: (file) => `read_parquet(${quotePath(file)})`,
  csv: (file) => `read_csv(${quotePath(file)}, header = true, all_varchar = true)`,
  jsonl: (file) => `read_json(${quotePath(file)}, format = 'newline_delimited')`,
};

/** The first rows of a published result as a table, in the order of its parts; or why they cannot be shown. */
export const renderPreview = async (report: Report, rows: number): Promise<string> => {
  if (isS3Uri(report.output.uri))
    return `the output ${report.output.uri} is on S3: its rows are not shown here`;
  const manifest = await readManifest(report.output.uri);
  if (manifest === undefined) return `the output ${report.output.uri} is gone`;
  if (manifest.job !== report.job) return `the output ${report.output.uri} is of the job ${manifest.job} now`;
  const header = manifest.columns.map(({ name }) => name);
  const right = new Set(manifest.columns.flatMap(({ type }, index) => (isNumber(type) ? [index] : [])));
  return renderTable({ header, right, rows: await readFirstRows(manifest, report.output.uri, rows) });
};

const readFirstRows = async (
  manifest: Manifest,
  folder: string,
  wanted: number,
): Promise<readonly (readonly string[])[]> => {
  const reader = READERS[manifest.format];
  const parts = manifest.parts.filter((part) => part.rows > 0).map(({ name }) => path.join(folder, name));
  if (reader === undefined || parts.length === 0) return [];
  const scratchDir = await mkdtemp(path.join(tmpdir(), 'daybreak-'));
  const session = { threads: 1, memoryBytes: PREVIEW_MEMORY_BYTES, scratchDir, writableDirs: [] };
  try {
    return await withDuckDB({ ...session, readablePaths: parts }, async (connection) => {
      const rows: string[][] = [];
      for (const part of parts) {
        if (rows.length >= wanted) break;
        // The engine's own text of a value: all digits of a number are in it.
        const columns = manifest.columns.map(({ name }) => `CAST(${quoteIdentifier(name)} AS VARCHAR)`);
        const sql = `SELECT ${columns.join(', ')} FROM ${reader(part)} LIMIT ${wanted - rows.length}`;
        const found = (await connection.runAndReadAll(sql)).getRows();
        rows.push(...found.map((row) => row.map((value) => (value === null ? 'NULL' : String(value)))));
      }
      return rows;
    });
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
};

const isNumber = (type: string): boolean =>
  /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/.test(type);
