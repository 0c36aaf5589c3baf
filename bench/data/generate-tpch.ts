/** TPC-H's `lineitem` as one CSV and one Parquet file, written by tpchgen-cli: the same bytes on every machine. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { pythonProgramPath } from '../../scripts/setup-python.ts';
import { cachedFolder } from './cached-folder.ts';
import type { DataFiles } from './generate-groupby.ts';

const requirements = new URL('../../test/python/requirements.txt', import.meta.url);

const generatorVersion = async (): Promise<string> => {
  const pin = /^tpchgen-cli==(\S+)$/m.exec(await readFile(requirements, 'utf8'));
  if (pin?.[1] === undefined) throw new Error('test/python/requirements.txt does not pin tpchgen-cli');
  return pin[1];
};

/** Generates the files, or finds them in the cache. Scale factor 1 has 6,001,215 rows. */
export const generateLineitem = async (scaleFactor: number): Promise<DataFiles> => {
  const parameters = { table: 'lineitem', scaleFactor, generator: await generatorVersion() };
  const folder = await cachedFolder(`tpch-sf${scaleFactor}`, parameters, async (own) => {
    process.stderr.write(`generating lineitem at scale factor ${scaleFactor}\n`);
    for (const format of ['csv', 'parquet']) {
      const scale = [
        '--scale-factor',
        `${scaleFactor}`,
        '--tables',
        'lineitem',
        '--output-dir',
        own,
        '--quiet',
      ];
      await promisify(execFile)(pythonProgramPath('tpchgen-cli'), [format, ...scale]);
    }
  });
  return { csv: join(folder, 'lineitem.csv'), parquet: join(folder, 'lineitem.parquet') };
};

if (import.meta.main) {
  const { values } = parseArgs({ options: { scale: { type: 'string', default: '1' } } });
  const files = await generateLineitem(Number(values.scale));
  process.stdout.write(`${files.csv}\n${files.parquet}\n`);
}
