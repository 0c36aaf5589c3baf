import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCsvCase } from '../corpus/check-csv-case.ts';
import { type CsvCase, generateCsv, generateSoup } from '../corpus/generate-csv.ts';

const FIRST_SEED = Number(process.env.DAYBREAK_TEST_SEED ?? 1);
const FILES = 2_000;
const SOUPS = 500;

let folder: string;
let connection: DuckDBConnection;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-corpus-'));
  connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});
afterAll(async () => {
  connection.closeSync();
  await rm(folder, { recursive: true });
});

describe('a corpus of cut CSV files', () => {
  it(`gives DuckDB's rows or becomes one task: ${FILES} files from seed ${FIRST_SEED}`, async () => {
    const tally = new Map<string, number>();
    for (let seed = FIRST_SEED; seed < FIRST_SEED + FILES; seed++) {
      const outcome = await checkCsvCase(connection, generateCsv(seed), join(folder, String(seed)));
      expect(outcome.differences, `seed ${seed}`).toEqual([]);
      const path = [...outcome.verdicts, ...(outcome.cause === undefined ? [] : [outcome.cause])].join(' > ');
      tally.set(path, (tally.get(path) ?? 0) + 1);
    }
    console.log(`corpus from seed ${FIRST_SEED}:`, Object.fromEntries(tally));
    // A corpus that proves nothing, or never breaks, would show nothing.
    expect(tally.get('proved')).toBeGreaterThan(FILES / 4);
    expect(tally.get('broken > proved')).toBeGreaterThan(FILES / 10);
    for (const cause of ['invalid-byte', 'unterminated-quote', 'row-too-long', 'row-starts-with-bom']) {
      const files = [...tally].filter(([path]) => path.endsWith(cause)).map(([, count]) => count);
      expect(
        files.reduce((sum, count) => sum + count, 0),
        cause,
      ).toBeGreaterThan(0);
    }
  });

  it(`begins a row where DuckDB does in ${SOUPS} files of any bytes, cut at each`, async () => {
    let kept = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SOUPS; seed++) {
      const outcome = await checkCsvCase(connection, generateSoup(seed), join(folder, `soup-${seed}`));
      expect(outcome.differences, `seed ${seed}`).toEqual([]);
      if (outcome.verdicts.at(-1) === 'proved') kept++;
    }
    expect(kept).toBeGreaterThan(SOUPS / 4);
  });

  it('gives the same rows whatever byte a file is cut at', async () => {
    for (const newline of ['\n', '\r\n'] as const) {
      const rows = ['1,"a', 'b,""c""', '', 'd"', '', '2,e', '"3","', '4,f', '5,g"', '6,"h,"'];
      const csv: CsvCase = {
        ...generateCsv(1),
        text: rows.join(newline),
        dialect: { delimiter: ',', quote: '"', escape: '"', newline, maxRowBytes: 2_097_152 },
        columns: 2,
        hasHeader: false,
        nullPadding: false,
      };
      for (let offset = 1; offset < csv.text.length; offset++) {
        const outcome = await checkCsvCase(connection, csv, join(folder, `cut-${offset}`), {
          offsets: [0, offset],
        });
        expect(outcome.differences, `cut at ${offset}`).toEqual([]);
        expect(outcome.verdicts.at(-1), `cut at ${offset}`).toBe('proved');
      }
    }
  });
});
