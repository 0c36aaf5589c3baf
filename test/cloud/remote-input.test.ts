/**
 * Law: a job over objects in S3 publishes what the same job publishes over the same files on this machine, and what
 * plain DuckDB makes of them; an object that changes ends it by name.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../../functions/contract/report.ts';
import { listInput } from '../../functions/io/list-input.ts';
import { openRemoteBytes } from '../../functions/io/remote/remote-bytes.ts';
import { openRemoteFiles } from '../../functions/io/remote/remote-files.ts';
import type { PlannedJob } from '../../functions/stages/split.ts';
import { pythonPath } from '../../scripts/setup-python.ts';
import { checkCsvCase } from '../corpus/check-csv-case.ts';
import { generateCsv } from '../corpus/generate-csv.ts';
import { outputRows, query } from '../flow/job-folder.ts';
import { runInProcess } from '../flow/run-in-process.ts';
import { openBucket, type RemoteBucket } from './remote-bucket.ts';

const BUCKET = 'remote-input';
const python = join(import.meta.dirname, '../python');

let remote: RemoteBucket;
let folder: string;
let jobs = 0;
beforeAll(async () => {
  remote = await openBucket(BUCKET);
});
afterAll(() => remote.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-remote-'));
  return () => rm(folder, { recursive: true, force: true });
});

const PLANS = { 'in one task': { map: 1, reduce: 1 }, 'in slices': { map: 5, reduce: 2 } } as const;
const plans = Object.keys(PLANS) as (keyof typeof PLANS)[];

/** Of twelve row groups of 43 columns. */
const FOOTER_BYTES = 64_000;

type Job = { readonly report: Report; readonly rows: readonly unknown[] };
type JobOptions = {
  readonly input: object;
  readonly steps?: readonly object[];
  readonly plan?: keyof typeof PLANS;
  readonly errors?: object;
  readonly onPlanned?: (planned: PlannedJob) => Promise<void>;
};

const run = async ({
  input,
  steps = [],
  plan = 'in one task',
  errors,
  onPlanned,
}: JobOptions): Promise<Job> => {
  const id = `remote-${++jobs}`;
  const output = join(folder, 'out', id);
  const report = await runInProcess({
    spec: {
      name: 'remote',
      input,
      steps,
      ...(errors === undefined ? {} : { errors }),
      output: { uri: output, format: 'parquet' },
    },
    id,
    workdir: join(folder, 'work'),
    tasks: PLANS[plan],
    s3: remote.client,
    ...(onPlanned === undefined ? {} : { onPlanned }),
  });
  return { report, rows: await outputRows(output) };
};

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Writes files here, and puts them under a prefix of their own. */
const place = async (files: Files): Promise<{ readonly here: string; readonly there: string }> => {
  const prefix = `t${++jobs}`;
  const here = join(folder, prefix);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(here, name)), { recursive: true });
    await writeFile(join(here, name), content);
  }
  await remote.putFolder(here, `${prefix}/`);
  return { here, there: `s3://${BUCKET}/${prefix}` };
};

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

const csv = (rows: number): string => `id,name\n${lines(rows, (i) => `${i},"name ${i}, ""x\n"""`)}`;

const FORMATS: readonly { readonly name: string; readonly files: Files; readonly oracle: string }[] = [
  {
    name: 'CSV',
    files: { 'a.csv': csv(30_000), 'b.csv': csv(10), 'c.csv': '' },
    oracle: "SELECT * FROM read_csv(['*/a.csv', '*/b.csv'], quote = '\"')",
  },
  {
    name: 'TSV',
    files: { 'a.tsv': lines(20_000, (i) => `${i}\t${i % 7}`) },
    oracle: "FROM read_csv('*/a.tsv', delim = '\t')",
  },
  {
    name: 'CSV by gzip',
    files: { 'a.csv.gz': gzipSync(csv(30_000)) },
    oracle: "FROM read_csv('*/a.csv.gz', quote = '\"')",
  },
  {
    name: 'CSV by zstd',
    files: { 'a.csv.zst': zstdCompressSync(csv(30_000)) },
    oracle: "FROM read_csv('*/a.csv.zst', quote = '\"')",
  },
  {
    name: 'JSON lines',
    files: { 'a.jsonl': lines(30_000, (i) => `{"id":${i},"list":[${i},null],"s":{"t":"${i % 9}"}}`) },
    oracle: "FROM read_json('*/a.jsonl')",
  },
  {
    name: 'text',
    files: {
      'a.txt': lines(30_000, (i) => `line ${i}`),
      'b.txt': lines(300, (i) => `x ${i}\r`),
      'c.txt.gz': gzipSync('a\rb'),
    },
    oracle: `SELECT 'line ' || range AS text FROM range(30000) UNION ALL SELECT 'x ' || range FROM range(300) UNION ALL VALUES ('a'), ('b')`,
  },
];

describe('a job over objects', () => {
  it.each(FORMATS)('answers as DuckDB does of the files: $name', async ({ files, oracle }) => {
    const { here, there } = await place(files);
    const expected = await query(`FROM (${oracle.replaceAll('*/', `${here}/`)}) ORDER BY ALL`);
    for (const plan of plans) {
      const { report, rows } = await run({ input: { uri: there }, plan });
      expect(rows).toEqual(expected);
      expect(report.stages[0]?.counts.read).toBe(expected.length);
    }
  });

  it('is planned as one over the files: the same columns, stages and tasks, groups that hardly shrink too', async () => {
    const rows = 60_000;
    const { here, there } = await place({
      'csv/a.csv': `id,k\n${lines(rows, (i) => `${i},${i % 5}`)}`,
      'jsonl/a.jsonl': lines(rows, (i) => `{"id":${i},"k":${i % 5}}`),
    });
    await mkdir(join(here, 'parquet'));
    const parquet = join(here, 'parquet/a.parquet');
    await query(
      `COPY (SELECT range AS id, range % 5 AS k FROM range(${rows})) TO '${parquet}' (ROW_GROUP_SIZE 10000)`,
    );
    await remote.putFolder(join(here, 'parquet'), `${there.slice(`s3://${BUCKET}/`.length)}/parquet/`);
    const planOf = async (uri: string, key: string): Promise<unknown> => {
      let found: unknown;
      await run({
        input: { uri },
        steps: [{ group_by: { keys: [key], aggregates: { rows: 'count(*)' } } }],
        plan: 'in slices',
        onPlanned: async ({ plan, tasks }) => {
          const { files, ...input } = plan.input;
          expect(files.filter(({ local }) => local !== undefined)).toEqual([]);
          found = { input, stages: plan.stages.map(({ expected: _, ...stage }) => stage), tasks };
        },
      });
      return found;
    };
    for (const format of ['csv', 'jsonl', 'parquet'])
      for (const key of ['id', 'k']) {
        const planned = await planOf(`${there}/${format}`, key);
        expect(planned).toEqual(await planOf(`${here}/${format}`, key));
        expect(JSON.stringify(planned).includes('"isUngrouped":true')).toBe(key === 'id');
      }
  });

  it('keeps the same rejects, by the addresses of the objects', async () => {
    const bad = `id,name\n${lines(20_000, (i) => (i % 5_000 === 17 ? `x${i},a` : `${i},a`))}`;
    const { here, there } = await place({ 'a.csv': bad });
    const rejectsOf = async (uri: string, plan: keyof typeof PLANS) => {
      const { report } = await run({
        input: { uri, csv: { types: { id: 'BIGINT' } } },
        plan,
        errors: { max_rejects: 10 },
      });
      expect(report.stages[0]?.counts).toMatchObject({ read: 20_000, rejected: 4 });
      const found = await query(
        `SELECT byte_offset, "column", cause, raw, file FROM read_parquet('${report.output.uri}/_rejects/*.parquet') ORDER BY ALL`,
      );
      return found.map((row) => ({ ...row, file: String(row.file).replace(uri, '') }));
    };
    for (const plan of plans) {
      const found = await rejectsOf(there, plan);
      expect(found).toEqual(await rejectsOf(here, plan));
      expect(found[0]?.file).toBe('/a.csv');
    }
  });

  it('reads Parquet of pyarrow with bloom filters and a page index, and of it what is needed alone', async () => {
    await mkdir(join(folder, 'p'));
    const file = join(folder, 'p/bloom.parquet');
    execFileSync(pythonPath(), [join(python, 'write_bloom_parquet.py'), file, '60000']);
    await remote.putFolder(join(folder, 'p'), 'bloom/');
    const uri = `s3://${BUCKET}/bloom/bloom.parquet`;
    const steps = [
      { filter: "key = 'key 7' OR id = 31" },
      { group_by: { keys: ['key'], aggregates: { rows: 'count(*)', first: 'min(id)' } } },
    ];
    const expected = await query(
      `SELECT key, count(*) AS rows, min(id) AS first FROM '${file}' WHERE key = 'key 7' OR id = 31 GROUP BY key ORDER BY ALL`,
    );
    for (const plan of plans) {
      remote.takeCounts();
      const { rows } = await run({ input: { uri }, steps, plan });
      expect(rows).toEqual(expected);
      const { bytes } = remote.takeCounts();
      const [needed] = await query(
        `SELECT sum(total_compressed_size + bloom_filter_length)::BIGINT AS bytes FROM parquet_metadata('${file}') WHERE path_in_schema IN ('id', 'key')`,
      );
      const [whole] = await query(`SELECT file_size_bytes AS bytes FROM parquet_file_metadata('${file}')`);
      process.stderr.write(`${plan}: ${bytes} bytes for ${needed?.bytes} needed of ${whole?.bytes}\n`);
      const firstRowsBytes = plan === 'in slices' ? Number(needed?.bytes) : 0;
      // Beside the columns: the footer, which split and each task read, and the first rows, which split groups.
      expect(bytes).toBeLessThan(
        1.1 * Number(needed?.bytes) + (1 + PLANS[plan].map) * FOOTER_BYTES + firstRowsBytes,
      );
      expect(bytes).toBeLessThan(Number(whole?.bytes) / 10);
    }
    const { rows } = await run({
      input: { uri },
      steps: [{ filter: 'c7 > 0.5' }, { select: { word: 'word' } }],
      plan: 'in slices',
    });
    expect(rows).toEqual(await query(`SELECT word FROM '${file}' WHERE c7 > 0.5 ORDER BY ALL`));
  });

  it('reads Arrow files and streams of pyarrow as it reads the same rows of Parquet', async () => {
    const arrows = join(folder, 'arrows');
    await mkdir(arrows);
    execFileSync(pythonPath(), [join(python, 'write_arrow_inputs.py'), arrows, '6000']);
    await remote.putFolder(arrows, 'arrows/');
    const steps = [
      {
        group_by: {
          keys: ['kind', 'flag'],
          aggregates: {
            rows: 'count(*)',
            total: 'sum(amount)',
            last: 'max(moment)',
            words: 'max(view)',
            ids: 'sum(id)',
          },
        },
      },
    ];
    const expected = await run({ input: { uri: join(arrows, 'oracle.parquet') }, steps });
    for (const name of [
      'file-zstd.arrow',
      'stream-None.arrows',
      'deltas.ipc',
      'file-deltas.ipc',
      'replaced.ipc',
      'legacy.arrows',
    ])
      for (const plan of plans) {
        const found = await run({ input: { uri: `s3://${BUCKET}/arrows/${name}` }, steps, plan });
        expect(found.rows, name).toEqual(expected.rows);
        expect(found.report.stages[0]?.counts.read).toBe(6000);
        const count = [{ group_by: { keys: [], aggregates: { rows: 'count(*)' } } }];
        const counted = await run({ input: { uri: `s3://${BUCKET}/arrows/${name}` }, steps: count, plan });
        expect(counted.rows).toEqual([{ rows: '6000' }]);
      }
  });

  it('gives what DuckDB reads of a corpus of CSV, cut by reads of ranges', async () => {
    const first = Number(process.env.DAYBREAK_TEST_SEED ?? 1);
    process.stderr.write(`corpus in S3: 40 files from seed ${first}\n`);
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    const files = await openRemoteFiles(remote.client);
    try {
      for (let seed = first; seed < first + 40; seed += 1) {
        const open = async (_: string, bytes: Buffer) => {
          const key = `corpus/${seed}.csv`;
          await remote.put(key, bytes);
          for await (const object of files.list({ bucket: BUCKET, prefix: key, depth: 'all' }))
            if (object.kind === 'object') {
              const file = { path: `s3://${BUCKET}/${key}`, sizeBytes: bytes.length, etag: object.etag };
              return async (span: { readonly from: number; readonly until: number }) =>
                openRemoteBytes(files, file, span);
            }
          throw new Error('the object is not there');
        };
        const { differences } = await checkCsvCase(
          connection,
          generateCsv(seed),
          join(folder, String(seed)),
          { open },
        );
        expect(differences, `seed ${seed}`).toEqual([]);
      }
    } finally {
      connection.closeSync();
    }
  });
});

describe('keys', () => {
  it('may be as hostile as S3 allows, in folders and patterns and by name, and show in the column of the file', async () => {
    const names = [
      'a b.csv',
      'a+b.csv',
      'a%20b.csv',
      'a=b/c.csv',
      'it\'s "q".csv',
      '[x]{y}*?.csv',
      'é/ü 日本 😀.csv',
      'a&<b>;#c.csv',
      'a//b.csv',
      './x.csv',
      'back\\slash*.csv',
      ' .csv',
    ];
    for (const [index, name] of names.entries()) await remote.put(`hostile/${name}`, `id\n${index}\n`);
    await remote.put('hostile/_hidden.csv', 'other\nx\n');
    await remote.put('hostile/', '');
    const paths = names.map((name) => `s3://${BUCKET}/hostile/${name}`);
    for (const plan of plans) {
      const { rows } = await run({
        input: { uri: `s3://${BUCKET}/hostile`, filename: 'file', hive: false },
        plan,
      });
      expect(rows).toEqual(
        paths.flatMap((file, index) => (/\/\.\//.test(file) ? [] : [{ id: String(index), file }])),
      );
    }
    for (const [index, uri] of paths.entries()) {
      const { rows } = await run({ input: { uri, filename: 'file', hive: false } });
      expect(rows).toEqual([{ id: String(index), file: uri }]);
    }
  });

  it('become columns by key=value folders as folders here do', async () => {
    const { here, there } = await place({
      'y=1/k=a%2Fb/x.csv': 'v\n1\n',
      'y=2/k=__HIVE_DEFAULT_PARTITION__/x.csv': 'v\n2\n',
    });
    const expected = await run({ input: { uri: `${here}/**/*.csv` } });
    expect((await run({ input: { uri: `${there}/**/*.csv` } })).rows).toEqual(expected.rows);
    expect(expected.rows).toEqual([
      { v: '1', y: '1', k: 'a/b' },
      { v: '2', y: '2', k: null },
    ]);
  });

  it('are listed beyond the first page', async () => {
    await mkdir(join(folder, 'many'));
    for (let index = 0; index < 1_050; index += 1) await writeFile(join(folder, `many/${index}.csv`), 'a\n');
    await remote.putFolder(join(folder, 'many'), 'many/');
    const { files } = await listInput({ uri: `s3://${BUCKET}/many/*.csv`, baseDir: '/', s3: remote.client });
    expect(files).toHaveLength(1_050);
    const listed = await listInput({ uri: join(folder, 'many'), baseDir: '/' });
    expect(files.map(({ path }) => path.split('/').at(-1))).toEqual(
      listed.files.map(({ path }) => path.split('/').at(-1)),
    );
  });
});

describe('an object that is not as it was', () => {
  const WHOLE = {
    'a.csv': csv(3_000),
    'a.jsonl': lines(9_000, (i) => `{"a":${i}}`),
    'a.txt': lines(9_000, String),
  };
  it.each(Object.keys(WHOLE))(
    'fails the job by its name when it is written anew, and when it is gone: %s',
    async (name) => {
      for (const plan of plans) {
        const { there } = await place({ [name]: WHOLE[name as keyof typeof WHOLE] });
        const key = `${there}/${name}`.slice(`s3://${BUCKET}/`.length);
        const failure = (message: string) => ({
          name: 'InputChangedError',
          message: expect.stringMatching(new RegExp(`${there}/${name}.*${message}`)),
        });
        const changed = run({
          input: { uri: there },
          plan,
          onPlanned: () => remote.put(key, `${WHOLE[name as keyof typeof WHOLE]}x`),
        });
        await expect(changed).rejects.toMatchObject(failure('written'));
        const gone = run({
          input: { uri: there },
          plan,
          onPlanned: async () => {
            await remote.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
          },
        });
        await expect(gone).rejects.toMatchObject(failure('gone'));
      }
    },
  );

  it('fails by its name as Parquet too', async () => {
    await mkdir(join(folder, 'q'));
    await query(
      `COPY (SELECT range AS id FROM range(90000)) TO '${folder}/q/a.parquet' (ROW_GROUP_SIZE 10000)`,
    );
    await remote.putFolder(join(folder, 'q'), 'q/');
    for (const plan of plans) {
      const job = run({
        input: { uri: `s3://${BUCKET}/q/a.parquet` },
        plan,
        onPlanned: () => remote.put('q/a.parquet', 'x'),
      });
      await expect(job).rejects.toMatchObject({ name: 'InputChangedError' });
      await remote.putFolder(join(folder, 'q'), 'q/');
    }
  });
});

describe('an address', () => {
  it('fails by name where there is no bucket, no object, nothing that matches, or only empty objects', async () => {
    const list = (uri: string) => listInput({ uri, baseDir: '/', s3: remote.client });
    await expect(list('s3://no-such-bucket-here/a.csv')).rejects.toMatchObject({
      name: 'InputNotFoundError',
      message: expect.stringContaining('there is no bucket "no-such-bucket-here"'),
    });
    const { there } = await place({ 'sales.csv': 'a\n1\n', 'empty.csv': '' });
    await expect(list(`${there}/sale.csv`)).rejects.toThrow('nearest there: "sales.csv"');
    await expect(list(`${there}/*.tsv`)).rejects.toThrow('nothing that matches "*.tsv"');
    await expect(run({ input: { uri: `${there}/empty.csv` } })).rejects.toMatchObject({
      name: 'InputSchemaError',
    });
    expect((await run({ input: { uri: there } })).rows).toEqual([{ a: '1' }]);
  });
});
