import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { generateCsv } from '../../corpus/generate-csv.ts';
import { pinCase } from '../../corpus/pin-case.ts';
import { readSliced, readWhole } from '../../corpus/read-slices.ts';

const SEED = Number(process.env.DAYBREAK_TEST_SEED ?? 20_261_122);
const FILES = Number(process.env.DAYBREAK_TEST_FILES ?? 40);

describe('a map stage over cut CSV files', () => {
  it(`has the rows, rejects and failures of the whole file: ${FILES} from seed ${SEED}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'daybreak-amended-'));
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    const tally = new Map<string, number>();
    try {
      for (let seed = SEED; seed < SEED + FILES; seed++)
        for (const tolerant of [false, true]) {
          const csv = generateCsv(seed);
          // Numbers make rejects of most rows; read strictly, such a file would only fail.
          const typeOf = (column: number): string => (tolerant && column === 0 ? 'DOUBLE' : 'VARCHAR');
          const out = join(folder, `${seed}-${tolerant}`);
          await mkdir(out);
          const input = await pinCase(csv, join(out, 'whole.csv'), typeOf);
          const whole = await readWhole(connection, input, tolerant, out);
          const sliced = await readSliced(connection, input, { tasks: csv.ranges, tolerant, out });
          const where = `seed ${seed}, ${tolerant ? 'tolerant' : 'strict'}`;
          if ('error' in whole) expect(sliced.answer, where).toHaveProperty('error');
          else expect(sliced.answer, where).toEqual(whole);
          expect(sliced.miscounts, where).toEqual([]);
          const path = `${'error' in whole ? 'error' : 'rows'} ${sliced.amendments.length}`;
          tally.set(path, (tally.get(path) ?? 0) + 1);
          await rm(out, { recursive: true });
        }
    } finally {
      connection.closeSync();
      await rm(folder, { recursive: true });
    }
    console.log(Object.fromEntries(tally));
    expect(tally.get('rows 1')).toBeGreaterThan(0);
  }, 600_000);
});
