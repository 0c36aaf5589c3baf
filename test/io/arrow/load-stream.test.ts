import * as zlib from 'node:zlib';
import { CompressionType, compressionRegistry, tableFromIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { ArrowFormatError } from '../../../functions/contract/errors-arrow.ts';
import { decodeStream } from '../../../functions/io/arrow/decode-stream.ts';
import { createStreamEncoder } from '../../../functions/io/arrow/encode-stream.ts';
import {
  appendStreams,
  registerStreamFunction,
  renderCreateTable,
} from '../../../functions/io/arrow/load-stream.ts';
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
  it('fails by name where its columns are not those of the stream before it', async () => {
    await withConnection(async (connection) => {
      const { bytes } = await encodeQuery(connection, QUERY);
      const { bytes: other } = await encodeQuery(connection, `SELECT i::INTEGER, t, l FROM (${QUERY})`);
      const open = () => [decodeStream(bytes), decodeStream(other)];
      await connection.run(renderCreateTable('back', decodeStream(bytes).columns));
      await expect(appendStreams(connection, 'back', open())).rejects.toThrow(ArrowFormatError);
      registerStreamFunction(connection, { name: 'scan', columns: decodeStream(bytes).columns, open });
      await expect(connection.run('SELECT count(*) FROM scan()')).rejects.toThrow('it has the columns');
    });
  });

  it('has the texts of every place that DuckDB keeps them in', async () => {
    await withConnection(async (connection) => {
      await connection.run(
        'CREATE TABLE words AS SELECT i, repeat(chr((97 + i % 26)::INTEGER), i * 37 % 9000) AS w FROM range(500) r(i)',
      );
      for (const query of [
        "SELECT (SELECT 'one constant text for all' ) AS w FROM range(5000)",
        "SELECT ['a text of more than twelve', 'another text like that', 'x'][(hash(i) % 3 + 1)::INTEGER] AS w FROM range(5000) r(i)",
        'SELECT w FROM words ORDER BY hash(i)',
        'SELECT a.w FROM words a JOIN words b ON a.i <= b.i ORDER BY hash(a.i + b.i * 1000) LIMIT 3000',
        'SELECT w[3:] AS w, substr(w, 5, 20) AS v, upper(w) AS u FROM words WHERE i % 3 = 0',
        'SELECT list(w ORDER BY i DESC) AS w FROM words GROUP BY i % 7 ORDER BY i % 7',
      ]) {
        const { bytes } = await encodeQuery(connection, query);
        await connection.run('DROP TABLE IF EXISTS back');
        await loadTable(connection, 'back', bytes);
        expect(await printRows(connection, 'FROM back'), query).toEqual(await printRows(connection, query));
      }
    });
  });

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
