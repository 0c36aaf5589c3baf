import { tableFromIPC } from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeStream } from '../../../functions/io/arrow/decode-stream.ts';
import { registerStreamFunction } from '../../../functions/io/arrow/load-stream.ts';
import { randomColumn } from './random-columns.ts';
import { encodeQuery, loadTable, printRows, printTypes, withConnection } from './round-trip.ts';

const table = fc.record({
  columns: fc.array(randomColumn, { minLength: 1, maxLength: 4 }),
  rows: fc.integer({ min: 0, max: 5000 }),
  filter: fc.constantFrom('true', 'i % 3 = 0', 'hash(i) % 10 > 0', 'i > 4000'),
  batchRows: fc.constantFrom(1000, 1001, 4096, 65_536),
  codec: fc.constantFrom('zstd' as const, 'none' as const),
});

describe('random tables of nested types', () => {
  it('come back with the values and types that DuckDB prints, through the appender and the table function', async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, rows, filter, batchRows, codec }) => {
        await withConnection(async (connection) => {
          const list = columns.map(({ expression }, index) => `${expression} AS c${index}`);
          const query = `SELECT ${list.join(', ')} FROM range(${rows}) r(i) WHERE ${filter}`;
          const { bytes } = await encodeQuery(connection, query, { codec, batchRows });
          await loadTable(connection, 'back', bytes);
          const expected = await printRows(connection, query);
          expect(await printRows(connection, 'FROM back')).toEqual(expected);
          expect(await printTypes(connection, 'FROM back')).toEqual(await printTypes(connection, query));
          const { columns: types } = decodeStream(bytes);
          registerStreamFunction(connection, {
            name: 'scan',
            columns: types,
            open: () => [decodeStream(bytes)],
          });
          expect(await printRows(connection, 'FROM scan()')).toEqual(expected);
          if (codec === 'none') expect(tableFromIPC(bytes).numRows).toBe(expected.length);
        });
      }),
      { numRuns: Number(process.env.ARROW_RUNS ?? 30) },
    );
  });
});
