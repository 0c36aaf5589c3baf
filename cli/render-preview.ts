import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OUTPUT_KEYS } from '../functions/contract/keys.ts';
import { Manifest } from '../functions/contract/manifest.ts';
import type { Report } from '../functions/contract/report.ts';
import { withDuckDB } from '../functions/io/duckdb-session.ts';
import { quotePath } from '../functions/sql/quote.ts';
import { renderTable } from './render-table.ts';

/** A look at a few rows needs no more. */
const PREVIEW_MEMORY_BYTES = 500e6;

const READERS: Readonly<Record<string, (path: string) => string>> = {
  parquet: (file) => `read_parquet(${quotePath(file)})`,
  csv: (file) => `read_csv(${quotePath(file)}, header = true, all_varchar = true)`,
  jsonl: (file) => `read_json(${quotePath(file)}, format = 'newline_delimited')`,
};

/** The first rows of a published result as a table. */
export const renderPreview = async (report: Report, rows: number): Promise<string> => {
  const manifestPath = path.join(report.output.uri, OUTPUT_KEYS.manifest.render({}));
  const manifest = Manifest.parse(JSON.parse(await readFile(manifestPath, 'utf8')));
  const first = manifest.parts.find((part) => part.rows > 0);
  const reader = READERS[manifest.format];
  const header = manifest.columns.map(({ name }) => name);
  if (first === undefined || reader === undefined) return renderTable({ header, rows: [] });
  const file = path.join(report.output.uri, first.name);
  const scratchDir = await mkdtemp(path.join(tmpdir(), 'daybreak-'));
  try {
    return await withDuckDB(
      { threads: 1, memoryBytes: PREVIEW_MEMORY_BYTES, scratchDir, readablePaths: [file], writableDirs: [] },
      async (connection) => {
        const result = await connection.runAndReadAll(`SELECT * FROM ${reader(file)} LIMIT ${rows}`);
        const right = new Set(manifest.columns.flatMap(({ type }, index) => (isNumber(type) ? [index] : [])));
        return renderTable({ header, right, rows: result.getRowsJson().map((row) => row.map(renderCell)) });
      },
    );
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
};

const isNumber = (type: string): boolean =>
  /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/.test(type);

const renderCell = (value: unknown): string =>
  value === null ? 'NULL' : typeof value === 'object' ? JSON.stringify(value) : String(value);
