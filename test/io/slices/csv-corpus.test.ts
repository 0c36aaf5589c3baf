import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { checkCsvCase } from '../../corpus/check-csv-case.ts';
import { generateCsv } from '../../corpus/generate-csv.ts';

const SEED = 20_261_122;
const FILES = 200;

describe('cut CSV files', () => {
  it(`give the rows that DuckDB reads from the whole file, or become one task: ${FILES} from seed ${SEED}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'daybreak-corpus-'));
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    try {
      for (let seed = SEED; seed < SEED + FILES; seed++) {
        const { differences } = await checkCsvCase(connection, generateCsv(seed), join(folder, String(seed)));
        expect(differences, `seed ${seed}`).toEqual([]);
      }
    } finally {
      connection.closeSync();
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});
