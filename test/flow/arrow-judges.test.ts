import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PartitionExtent, writePartitionedBlock } from '../../functions/io/arrow/block-writer.ts';
import type { Codec } from '../../functions/io/arrow/compress.ts';
import { pythonPath } from '../../scripts/setup-python.ts';
import { loadTable, printTypes, withConnection } from '../io/arrow/round-trip.ts';
import { queryOf, TYPE_CASES } from '../io/arrow/type-cases.ts';

const script = fileURLToPath(new URL('../python/arrow_judges.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'daybreak-judges-'));
let python: string;
beforeAll(() => {
  python = pythonPath();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const judge = (...parameters: readonly string[]): unknown => {
  const { status, stdout, stderr } = spawnSync(python, [script, ...parameters], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`the judges ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout);
};

type Sight = { readonly values?: readonly (string | null)[]; readonly refused?: string };
type Answer = { readonly pyarrow: Sight & { readonly type: string }; readonly polars: Sight };

/** DuckDB's own text of the column `v`. */
const printValues = async (
  connection: DuckDBConnection,
  query: string,
  expression = 'CAST(v AS VARCHAR)',
) => {
  const result = await connection.run(`SELECT ${expression} FROM (${query})`);
  const rows = await result.getRows();
  return rows.map((row) => row[0] as string | null);
};

/**
 * Writes a block with one partition for each type; the partitions have different columns, as only a test
 * may do, so each is a block of its own, put behind the others.
 */
const writeBlock = async (connection: DuckDBConnection, queries: readonly string[], codec: Codec) => {
  const parts: Uint8Array[] = [];
  const extents: PartitionExtent[] = [];
  let offset = 0;
  for (const [index, query] of queries.entries()) {
    const path = join(folder, `${codec}-${index}.arrow`);
    const result = await connection.stream(query);
    const columns = [{ name: 'v', type: result.columnType(0) as DuckDBType }];
    const options = { path, scratchPath: `${path}.scratch`, columns, partitions: 2, codec };
    const block = await writePartitionedBlock(options, async (append) => {
      for await (const chunk of result) append(chunk, new Uint32Array(chunk.rowCount).fill(1));
    });
    const partition = block.partitions[1];
    if (partition === undefined) throw new Error('no partition');
    extents.push({ ...partition, offset: offset + partition.offset });
    parts.push(readFileSync(path));
    offset += block.sizeBytes;
  }
  const path = join(folder, `${codec}.arrow`);
  writeFileSync(path, Buffer.concat(parts));
  const cases = join(folder, `${codec}.json`);
  writeFileSync(cases, JSON.stringify(extents));
  return { path, cases };
};

/** Arrow has no such type: other readers see the bytes or the number that DuckDB has inside. */
const OPAQUE = new Set(['BIT', 'BIGNUM', 'TIME WITH TIME ZONE']);
/** What Polars has no type for: it says so by a panic. */
const POLARS_REFUSES = new Set(['INTERVAL[]']);
/** What Polars has no type for and reads as another: how DuckDB prints that other one. */
const POLARS_SEES: Readonly<Record<string, string>> = {
  UUID: "CAST(unhex(replace(CAST(v AS VARCHAR), '-', '')) AS VARCHAR)",
  'UUID[]': "CAST(list_transform(v, lambda u: unhex(replace(CAST(u AS VARCHAR), '-', ''))) AS VARCHAR)",
  INTERVAL: `CASE WHEN v IS NOT NULL THEN CAST({'months': datepart('year', v) * 12 + datepart('month', v),
    'days': datepart('day', v), 'nanoseconds': to_microseconds((datepart('hour', v) * 3600 + datepart('minute', v) * 60) * 1000000 + datepart('microsecond', v))} AS VARCHAR) END`,
};

describe('a partition of a block', () => {
  for (const codec of ['zstd', 'none'] as const)
    it(`is read by pyarrow and by Polars, with DuckDB's values in every type (${codec})`, async () => {
      await withConnection(async (connection) => {
        const types = Object.entries(TYPE_CASES);
        const queries = types.map(([type, values]) => queryOf(type, values));
        const { path, cases } = await writeBlock(connection, queries, codec);
        const answers = judge('read', path, cases) as readonly Answer[];
        for (const [index, [type]] of types.entries()) {
          if (OPAQUE.has(type)) continue;
          const query = queries[index] as string;
          const expected = await printValues(connection, query);
          expect({
            type,
            values: answers[index]?.pyarrow.values,
            refused: answers[index]?.pyarrow.refused,
          }).toEqual({
            type,
            values: expected,
          });
          const polars = answers[index]?.polars;
          if (POLARS_REFUSES.has(type)) {
            expect(polars?.refused).toContain('PanicException');
            continue;
          }
          const seen = await printValues(connection, query, POLARS_SEES[type]);
          expect({ type, values: polars?.values, refused: polars?.refused }).toEqual({ type, values: seen });
        }
      });
    });
});

type File = {
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly values: readonly (string | null)[];
};

describe('an Arrow file of pyarrow or Polars', () => {
  it("has DuckDB's types and values when it is read, in every type, form and compression", async () => {
    const files = judge('write', folder) as readonly File[];
    await withConnection(async (connection) => {
      for (const { name, path, type, values } of files) {
        await connection.run('DROP TABLE IF EXISTS back');
        await loadTable(connection, 'back', readFileSync(path));
        const types = await printTypes(connection, 'FROM back');
        expect({ name, types, values: await printValues(connection, 'FROM back') }).toEqual({
          name,
          types: [`v ${type}`],
          values,
        });
      }
    });
  });
});
