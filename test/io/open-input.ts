import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { InputSpec } from '../../functions/contract/input.ts';
import type { PinnedInput } from '../../functions/contract/pinned-input.ts';
import { PinnedInput as PinnedInputSchema } from '../../functions/contract/pinned-input.ts';
import { withDuckDB } from '../../functions/io/duckdb-session.ts';
import { ACCESS_IN_PLACE } from '../../functions/io/input-access.ts';
import { listInput } from '../../functions/io/list-input.ts';
import { pinInput } from '../../functions/io/pin-input.ts';
import { queryRows } from '../../functions/io/query-rows.ts';
import { openWhole } from '../../functions/io/slices/open-slice.ts';
import { sniffInput } from '../../functions/io/sniff-input.ts';
import { renderReadInput } from '../../functions/sql/read-input.ts';
import type { ReadInputOptions } from '../../functions/sql/reader-options.ts';

/** Lends a new folder and removes it. */
export const withFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-input-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export type InputRequest = Partial<InputSpec> & Pick<InputSpec, 'uri'>;

/** Lists, pins and sniffs an input in a locked-down session, which it lends with the result. */
export const withInput = async <T>(
  folder: string,
  request: InputRequest,
  use: (connection: DuckDBConnection, input: PinnedInput, out: string) => Promise<T>,
): Promise<T> => {
  const listed = await listInput({ uri: request.uri, format: request.format, baseDir: folder });
  const files = await pinInput(listed.files);
  const scratchDir = await mkdtemp(join(tmpdir(), 'daybreak-scratch-'));
  const out = join(scratchDir, 'out');
  await mkdir(out);
  try {
    return await withDuckDB(
      {
        threads: 2,
        memoryBytes: 512 * 1024 ** 2,
        scratchDir,
        readablePaths: files.map(({ path }) => path),
        writableDirs: [out],
      },
      async (connection) => {
        const input = await sniffInput(connection, {
          input: { schema: 'same', ...request },
          format: listed.format,
          files,
        });
        return use(connection, PinnedInputSchema.parse(JSON.parse(JSON.stringify(input))), out);
      },
    );
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
};

/** The input as a task opens all of it; copies go to `out`. */
export const openAll = (input: PinnedInput, out: string): Promise<PinnedInput> =>
  openWhole(input, { access: ACCESS_IN_PLACE, columns: [], scratchDir: out });

/** All rows of an input, as arrays in the order of its columns, sorted. */
export const readRows = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  options: ReadInputOptions = { tolerant: false },
): Promise<unknown[][]> => {
  const rows = await queryRows(connection, `FROM ${renderReadInput(input, options)} ORDER BY ALL`);
  return rows.map((row) => Object.values(row));
};

/** Columns as `name TYPE`. */
export const columnTexts = (input: PinnedInput): string[] =>
  input.columns.map(({ name, type }) => `${name} ${type}`);
