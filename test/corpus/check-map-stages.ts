import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'vitest';
import { generateCsv } from './generate-csv.ts';
import { pinCase } from './pin-case.ts';
import { readSliced, readWhole } from './read-slices.ts';

const checkFile = async (
  connection: DuckDBConnection,
  seed: number,
  { tolerant, out }: { readonly tolerant: boolean; readonly out: string },
): Promise<string> => {
  const csv = generateCsv(seed);
  // Numbers make rejects of most rows; read strictly, such a file would only fail.
  const typeOf = (column: number): string => (tolerant && column === 0 ? 'DOUBLE' : 'VARCHAR');
  const input = await pinCase(csv, join(out, 'whole.csv'), typeOf);
  const whole = await readWhole(connection, input, { tolerant, out });
  const sliced = await readSliced(connection, input, { tasks: csv.ranges, tolerant, out });
  const where = `seed ${seed}, ${tolerant ? 'tolerant' : 'strict'}`;
  if ('error' in whole) expect(sliced.answer, where).toHaveProperty('error');
  else expect(sliced.answer, where).toEqual(whole);
  expect(sliced.miscounts, where).toEqual([]);
  return `${'error' in whole ? 'error' : 'rows'}, amendments: ${sliced.amendments.length}`;
};

/**
 * Reads generated files whole and as a map stage would, strictly and tolerantly; the same rows, rejects and
 * failures are expected. Answers how many files ended how.
 */
export const checkMapStages = async (firstSeed: number, files: number): Promise<Map<string, number>> => {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-amended-'));
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  const tally = new Map<string, number>();
  try {
    for (let seed = firstSeed; seed < firstSeed + files; seed++)
      for (const tolerant of [false, true]) {
        const out = join(folder, `${seed}-${tolerant}`);
        await mkdir(out);
        const ending = await checkFile(connection, seed, { tolerant, out });
        tally.set(ending, (tally.get(ending) ?? 0) + 1);
        await rm(out, { recursive: true });
      }
  } finally {
    connection.closeSync();
    await rm(folder, { recursive: true });
  }
  return tally;
};
