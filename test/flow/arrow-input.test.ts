/**
 * Law: a job over Arrow files and streams that pyarrow wrote, of every compression and kind of dictionary, in one task
 * and in four, publishes what the same job publishes over the same rows in Parquet, and counts the same.
 */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../functions/contract/report.ts';
import { pythonPath } from '../../scripts/setup-python.ts';
import { outputRows, query } from './job-folder.ts';
import { runInProcess } from './run-in-process.ts';

const ROWS = 20_000;
const script = join(import.meta.dirname, '../python/write_arrow_inputs.py');
const FILES = [
  'file-None.arrow',
  'file-lz4.arrow',
  'file-zstd.arrow',
  'stream-None.arrows',
  'stream-lz4.arrows',
  'stream-zstd.arrows',
  'feather.feather',
  'deltas.ipc',
  'file-deltas.ipc',
  'replaced.ipc',
  'legacy.arrows',
] as const;

const EVERY_ROW = [{ filter: 'id % 3 <> 1' }];
const GROUPS = [
  { filter: 'small IS NOT NULL' },
  {
    group_by: {
      keys: ['kind', 'flag'],
      aggregates: {
        rows: 'count(*)',
        total: 'sum(amount)',
        last: 'max(moment)',
        words: 'max(word)',
        ids: 'sum(id)',
      },
    },
  },
];
const PLANS = { 'in one task': undefined, 'in four tasks': { map: 4, reduce: 2 } } as const;

let folder: string;
let jobs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-arrow-input-'));
  execFileSync(pythonPath(), [script, folder, String(ROWS)]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Job = { readonly report: Report; readonly rows: readonly unknown[] };

const run = async (
  input: object,
  steps: readonly object[],
  plan: keyof typeof PLANS = 'in one task',
): Promise<Job> => {
  const id = `arrow-${++jobs}`;
  const output = join(folder, 'output', id);
  const tasks = PLANS[plan];
  const report = await runInProcess({
    spec: { name: 'arrow', input, steps, output: { uri: output, format: 'parquet' } },
    id,
    workdir: join(folder, 'work'),
    ...(tasks === undefined ? {} : { tasks }),
  });
  return { report, rows: await outputRows(output) };
};

const termsOf = ({ report }: Job) => report.stages.map(({ counts }) => counts.read)[0];

describe.each(Object.keys(PLANS) as (keyof typeof PLANS)[])('%s', (plan) => {
  it.each(FILES)('answers from %s as from Parquet', async (name) => {
    for (const steps of [EVERY_ROW, GROUPS]) {
      const expected = await run({ uri: join(folder, 'oracle.parquet') }, steps);
      const found = await run({ uri: join(folder, name) }, steps, plan);
      expect(found.rows).toEqual(expected.rows);
      expect(termsOf(found)).toBe(ROWS);
    }
  });
});

it('fails by the name of the file where a batch is damaged', async () => {
  const damaged = join(folder, 'damaged.arrow');
  const bytes = await readFile(join(folder, 'file-zstd.arrow'));
  await writeFile(damaged, bytes.fill(0x5a, bytes.length >>> 1, (bytes.length >>> 1) + 20_000));
  await expect(run({ uri: damaged }, EVERY_ROW, 'in four tasks')).rejects.toMatchObject({
    name: 'InputFormatError',
    message: expect.stringContaining('damaged.arrow'),
  });
});

it('reads a folder of files and streams with its key=value folders and their names', async () => {
  const root = join(folder, 'lake');
  for (const [index, name] of FILES.entries()) {
    await mkdir(join(root, `part=${index}`), { recursive: true });
    await copyFile(join(folder, name), join(root, `part=${index}`, name));
  }
  const steps = [
    {
      group_by: {
        keys: ['part', 'source'],
        aggregates: { rows: 'count(*)', ids: 'sum(id)', kinds: 'count(kind)' },
      },
    },
    { extend: { source: "regexp_extract(source, '[^/]*$')" } },
  ];
  const { rows } = await run({ uri: root, filename: 'source' }, steps, 'in four tasks');
  const [expected] = await query(
    `SELECT count(*) AS rows, sum(id) AS ids, count(kind) AS kinds FROM '${join(folder, 'oracle.parquet')}'`,
  );
  expect(rows).toHaveLength(FILES.length);
  expect(rows).toEqual(
    expect.arrayContaining(FILES.map((source, index) => ({ part: String(index), source, ...expected }))),
  );
});
