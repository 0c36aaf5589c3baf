import type { DuckDBValue } from '@duckdb/node-api';
import { LimitError } from '../../contract/errors-input.ts';
import { MODULE_LIMITS } from '../../contract/module-step.ts';
import type { Chunk } from './read-chunks.ts';
import { renderKey } from './render-key.ts';
import { roughBytes } from './rough-bytes.ts';

/** Rows that one call gets, column by column; `first` is the number of the first of them in the step. */
export type Batch = Chunk & { readonly first: number };

type Filling = { readonly columns: DuckDBValue[][]; first: number; rows: number; bytes: number };

const empty = (width: number, first: number): Filling => ({
  columns: Array.from({ length: width }, () => []),
  first,
  rows: 0,
  bytes: 0,
});

const add = (filling: Filling, chunk: Chunk, row: number): void => {
  for (let index = 0; index < filling.columns.length; index += 1) {
    const value = chunk.columns[index]?.[row] ?? null;
    filling.columns[index]?.push(value);
    filling.bytes += roughBytes(value);
  }
  filling.rows += 1;
};

/** Cuts rows into batches of `batchRows`; the last one is shorter, and one of wide rows, by its bytes. */
export async function* cutBatches(
  chunks: AsyncIterable<Chunk>,
  { width, batchRows }: { readonly width: number; readonly batchRows: number },
): AsyncGenerator<readonly Batch[], void> {
  let filling = empty(width, 0);
  for await (const chunk of chunks) {
    const full: Batch[] = [];
    for (let row = 0; row < chunk.rows; row += 1) {
      add(filling, chunk, row);
      if (filling.rows < batchRows && filling.bytes < MODULE_LIMITS.batchBytes) continue;
      full.push(filling);
      filling = empty(width, filling.first + filling.rows);
    }
    yield full;
  }
  if (filling.rows > 0) yield [filling];
}

export type GroupSize = { readonly rows: number; readonly bytes: number };
const GROUP_SIZE: GroupSize = { rows: MODULE_LIMITS.groupRows, bytes: MODULE_LIMITS.groupBytes };

/**
 * Cuts rows that come in the order of their keys, the first `keys` columns, into groups. Keys are equal where
 * GROUP BY finds them equal. Fails with LimitError at a group that is larger than `limit`.
 */
export async function* cutGroups(
  chunks: AsyncIterable<Chunk>,
  {
    width,
    keys,
    limit = GROUP_SIZE,
  }: { readonly width: number; readonly keys: number; readonly limit?: GroupSize },
): AsyncGenerator<readonly Batch[], void> {
  let filling = empty(width, 0);
  let current: string | undefined;
  for await (const chunk of chunks) {
    const full: Batch[] = [];
    for (let row = 0; row < chunk.rows; row += 1) {
      const key = renderKey(chunk.columns.slice(0, keys).map((column) => column[row] ?? null));
      if (current !== undefined && key !== current) {
        full.push(filling);
        filling = empty(width, filling.first + filling.rows);
      }
      current = key;
      add(filling, chunk, row);
      if (filling.rows > limit.rows || filling.bytes > limit.bytes) throw tooLarge(filling, limit);
    }
    yield full;
  }
  if (filling.rows > 0) yield [filling];
}

const tooLarge = (group: Filling, limit: GroupSize): LimitError =>
  new LimitError({
    what: 'a group of map_groups',
    found: `at least ${group.rows} rows of about ${group.bytes} bytes`,
    limit: `${limit.rows} rows and ${limit.bytes} bytes`,
    advice: 'group by more columns, or name fewer under `columns`',
  });
