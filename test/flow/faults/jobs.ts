/** The jobs of the schedules: small, planned once, each with another plan of the same job. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleModules, hashesOf } from '../../../cli/commands/bundle-modules.ts';
import { makeLocalJob } from '../../../cli/commands/prepare-job.ts';
import type { Job } from '../../../functions/contract/job.ts';
import type { BundledModule } from '../../../functions/io/modules/bundle-module.ts';
import { readSpec } from '../../../functions/io/spec/parse-spec.ts';
import { type PlannedJob, split } from '../../../functions/stages/split.ts';
import type { StageContext } from '../../../functions/stages/stage-context.ts';
import { query } from '../job-folder.ts';
import type { JobKind } from './schedule.ts';

export type PreparedJob = {
  readonly kind: JobKind;
  readonly job: Job;
  /** To be stored beside the job. */
  readonly modules: readonly BundledModule[];
  readonly output: string;
  readonly wanted: PlannedJob;
  /** The same job planned into other tasks, as another version might. */
  readonly other: PlannedJob;
};

type Given = {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly tasks: { readonly map: number; readonly reduce: number };
  readonly write: (folder: string) => Promise<unknown>;
};

const ROWS = 600;

/** A field with line breaks looks like rows to whoever begins to read inside of it. */
const looksLikeRows = (row: number): string =>
  Array.from({ length: 40 }, (_, line) => `${row + line},${line},"a ${line}"`).join('\n');

const writeAmendedCsv = (folder: string): Promise<void> => {
  const rows = Array.from({ length: 60 }, (_, row) => {
    const text = row % 7 === 3 ? looksLikeRows(row).replaceAll('"', '""') : `text ${row}`;
    return `${row},${row % 5},"${text}"`;
  });
  return writeFile(join(folder, 'input.csv'), `v,k,x\n${rows.join('\n')}\n`);
};

const NUMBERED = `range(${ROWS}) t(i)`;
const columns = { v: 'BIGINT', k: 'BIGINT', x: 'VARCHAR' };
const csv = { header: true, delim: ',', quote: '"', escape: '"', columns };

/** Throws for some rows and for one group: both steps have rejects of their own. */
const STEPS = `
export const halve = ({ v, k }: { v: bigint; k: bigint }) => {
  if (v % 101n === 5n) throw new Error('not halved: ' + v);
  return { v: Number(v) / 2, k };
};
export const sum = ({ keys: { k }, rows }: { keys: { k: bigint }; rows: { v: number }[] }) => {
  if (k === 11n) throw new Error('not summed: ' + k);
  return { k, n: rows.length, s: rows.reduce((total, { v }) => total + v, 0) };
};
`;

const writeModuleJob = async (folder: string): Promise<void> => {
  await writeFile(join(folder, 'steps.ts'), STEPS);
  await query(
    `COPY (SELECT i AS v, i % 40 AS k, 'x' || i % 3 AS x FROM ${NUMBERED}) TO '${folder}/input.csv'`,
  );
};

const GIVEN: Readonly<Record<JobKind, Given>> = {
  csv: {
    tasks: { map: 4, reduce: 3 },
    // Every 97th row is none: rejects are published too.
    write: (folder) =>
      query(
        `COPY (SELECT CASE WHEN i % 97 = 5 THEN 'bad' ELSE i::VARCHAR END AS v, i % 40 AS k, 'x' || i % 3 AS x FROM ${NUMBERED}) TO '${folder}/input.csv'`,
      ),
    spec: {
      input: { uri: 'input.csv', format: 'csv', csv },
      errors: { max_rejects: 20 },
      steps: [
        { filter: 'v % 7 <> 0' },
        { group_by: { keys: ['k', 'x'], aggregates: { n: 'count(*)', s: 'sum(v)', least: 'min(v)' } } },
        {
          group_by: {
            keys: ['x'],
            aggregates: { groups: 'count(*)', n: 'sum(n)', all: "string_agg(s::VARCHAR, ',' ORDER BY s)" },
          },
        },
      ],
    },
  },
  parquet: {
    tasks: { map: 3, reduce: 2 },
    write: (folder) =>
      query(
        `COPY (SELECT i AS v, i % 40 AS k, 'x' || i % 3 AS x FROM range(9000) t(i)) TO '${folder}/input.parquet' (ROW_GROUP_SIZE 2048)`,
      ),
    spec: {
      input: { uri: 'input.parquet' },
      steps: [
        { distinct: ['k', 'x'] },
        { extend: { v: '[k, k + 1]' } },
        { unnest: 'v' },
        { repartition: { partitions: 3 } },
      ],
    },
  },
  amended: {
    tasks: { map: 4, reduce: 2 },
    write: writeAmendedCsv,
    spec: {
      input: { uri: 'input.csv', format: 'csv', csv },
      steps: [{ group_by: { keys: ['k'], aggregates: { n: 'count(*)', s: 'sum(v)', longest: 'max(x)' } } }],
    },
  },
  modules: {
    tasks: { map: 3, reduce: 2 },
    write: writeModuleJob,
    spec: {
      input: { uri: 'input.csv', format: 'csv', csv },
      errors: { max_rejects: 40 },
      steps: [
        { filter: 'v % 7 <> 0' },
        {
          map: {
            ...{ module: 'steps.ts', export: 'halve', columns: ['v', 'k'] },
            output: { v: 'DOUBLE', k: 'BIGINT' },
          },
        },
        {
          group_by: {
            keys: ['k'],
            map_groups: {
              ...{ module: 'steps.ts', export: 'sum', columns: ['v'] },
              output: { k: 'BIGINT', n: 'BIGINT', s: 'DOUBLE' },
            },
          },
        },
      ],
    },
  },
  'one-task': {
    tasks: { map: 1, reduce: 1 },
    write: (folder) =>
      query(`COPY (SELECT i AS v, i % 40 AS k, 'x' || i % 3 AS x FROM ${NUMBERED}) TO '${folder}/input.csv'`),
    spec: {
      input: { uri: 'input.csv', format: 'csv', csv },
      steps: [{ group_by: { keys: ['k'], aggregates: { n: 'count(*)' } } }],
    },
  },
};

const OTHER_TASKS = { map: 2, reduce: 1 } as const;

export const prepareJob = async (
  context: StageContext,
  kind: JobKind,
  root: string,
): Promise<PreparedJob> => {
  const { spec, tasks, write } = GIVEN[kind];
  const folder = join(root, kind);
  await mkdir(folder);
  await write(folder);
  const output = join(folder, 'out');
  const document = { name: 'faults', ...spec, output: { uri: output, format: 'parquet' } };
  const parsed = readSpec(JSON.stringify(document), { file: 'spec.json' });
  const modules = await bundleModules(parsed.spec, join(folder, 'spec.json'));
  const options = {
    ...{ id: `faults-${kind}`, now: new Date(), mapTasks: tasks.map, reduceTasks: tasks.reduce },
    ...hashesOf(modules),
  };
  const job = { ...makeLocalJob(parsed, options), baseDir: folder };
  return {
    kind,
    job,
    modules: [...modules.values()],
    output,
    wanted: await split(context, job),
    other: await split(context, { ...job, tasks: OTHER_TASKS }),
  };
};
