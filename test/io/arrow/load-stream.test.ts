import * as zlib from 'node:zlib';
import { CompressionType, compressionRegistry, tableFromIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { ArrowFormatError } from '../../../functions/contract/errors-arrow.ts';
import { decodeStream } from '../../../functions/io/arrow/decode-stream.ts';
import { createStreamEncoder } from '../../../functions/io/arrow/encode-stream.ts';
import { registerStreamFunction } from '../../../functions/io/arrow/load-stream.ts';
import { encodeQuery, loadTable, printRows, withConnection } from './round-trip.ts';

const QUERY = "SELECT i, 'text ' || i AS t, [i, NULL] AS l FROM range(10000) r(i)";

describe('streams as a table function', () => {
  it('give the rows of all streams, in order, as often as a query names them', async () => {
    await withConnection(async (connection) => {
      const { bytes } = await encodeQuery(connection, QUERY, { batchRows: 3000 });
      const open = () => [decodeStream(bytes), decodeStream(bytes)];
      registerStreamFunction(connection, { name: 'scan', columns: decodeStream(bytes).columns, open });
      const rows = await printRows(connection, QUERY);
      expect(await printRows(connection, 'FROM scan()')).toEqual([...rows, ...rows]);
      expect(
        await printRows(connection, 'SELECT count(*), sum(a.i) FROM scan() a JOIN scan() b USING (i)'),
      ).toEqual([JSON.stringify(['40000', '199980000'])]);
    });
  });

  it('give only the columns that are asked for, in any order, or none', async () => {
    await withConnection(async (connection) => {
      const { bytes } = await encodeQuery(connection, QUERY);
      registerStreamFunction(connection, {
        name: 'scan',
        columns: decodeStream(bytes).columns,
        open: () => [decodeStream(bytes)],
      });
      expect(await printRows(connection, 'SELECT l, i FROM scan() WHERE i = 7')).toEqual([
        '["[7, NULL]","7"]',
      ]);
      expect(await printRows(connection, 'SELECT count(*) FROM scan()')).toEqual(['["10000"]']);
    });
  });

  it('fail the query and keep their own error where the bytes are damaged', async () => {
    await withConnection(async (connection) => {
      const { bytes } = await encodeQuery(connection, QUERY, { codec: 'none' });
      const cut = bytes.subarray(0, bytes.length - 100);
      const scan = registerStreamFunction(connection, {
        name: 'scan',
        columns: decodeStream(bytes).columns,
        open: () => [decodeStream(cut)],
      });
      await expect(connection.run('SELECT count(*) FROM scan()')).rejects.toThrow('it ends inside');
      expect(scan.failure()).toBeInstanceOf(ArrowFormatError);
    });
  });
});

describe('a stream', () => {
  it('of no rows has its columns and no batch', async () => {
    await withConnection(async (connection) => {
      const { bytes } = await encodeQuery(connection, `${QUERY} LIMIT 0`);
      const { columns, batches } = decodeStream(bytes);
      expect([columns.map((column) => column.name), [...batches]]).toEqual([['i', 't', 'l'], []]);
      expect(await loadTable(connection, 'back', bytes)).toBe(0);
    });
  });

  it('of no columns counts its rows', async () => {
    await withConnection(async (connection) => {
      const result = await connection.stream('SELECT 1 FROM range(5000)');
      const encoder = createStreamEncoder({ columns: [] });
      const parts: Uint8Array[] = [];
      for await (const chunk of result) parts.push(...encoder.append(chunk));
      const { batches } = decodeStream(Buffer.concat([...parts, ...encoder.finish()]));
      expect([...batches].map((batch) => batch.rows)).toEqual([5000]);
    });
  });

  it('has batches of the rows that were asked for', async () => {
    await withConnection(async (connection) => {
      const { bytes } = await encodeQuery(connection, QUERY, { batchRows: 64 });
      const { batches } = decodeStream(bytes);
      expect(new Set([...batches].map((batch) => batch.rows))).toEqual(new Set([64, 10_000 % 64]));
    });
  });

  it("is read by apache-arrow with DuckDB's values", async () => {
    compressionRegistry.set(CompressionType.ZSTD, {
      encode: zlib.zstdCompressSync,
      decode: zlib.zstdDecompressSync,
    });
    await withConnection(async (connection) => {
      const { bytes } = await encodeQuery(connection, `SELECT i, t, {'a': i} AS s FROM (${QUERY})`, {
        batchRows: 5000,
      });
      const rows = tableFromIPC(bytes)
        .toArray()
        .map((row) => [row.i, row.t, row.s.a]);
      expect(rows).toEqual(Array.from({ length: 10_000 }, (_, i) => [BigInt(i), `text ${i}`, BigInt(i)]));
    });
  });
});
