import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, expect, it } from 'vitest';
import { advanceLines, finishLines, startLineCursor } from '../../functions/core/scan-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'daybreak-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NEWLINE = 0x0a;
const countRows = (bytes: Uint8Array): number => {
  const cursor = startLineCursor(0);
  advanceLines(cursor, bytes, bytes.length);
  finishLines(cursor);
  return cursor.rows;
};

it("passes over the lines that the engine's reader passes over, and no other", async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const file = join(folder, 'lines.jsonl');
  for (let byte = 0; byte <= 0x21; byte += 1) {
    if (byte === NEWLINE) continue;
    const bytes = Buffer.from([...Buffer.from('{"a":1}\n'), byte, NEWLINE, 0x20, byte, byte, NEWLINE, 0x31]);
    writeFileSync(file, bytes);
    const [row] = (
      await connection.runAndReadAll(
        `SELECT count(*)::INTEGER FROM read_ndjson_objects('${file}', ignore_errors = true)`,
      )
    ).getRows();
    expect([byte, countRows(bytes)]).toEqual([byte, row?.[0]]);
  }
  connection.closeSync();
  instance.closeSync();
});
