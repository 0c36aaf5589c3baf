/**
 * Whether a job stays small: a CSV far larger than `--memory`, grouped into a tenth as many groups as rows, in tasks
 * as planned and in as many as told. Prints the time, and the peak of the private memory of all processes plus their
 * shared pages once; fails where that is above the goal, or where the result is not DuckDB's.
 *
 * `node bench/small.ts --gigabytes 4 --memory 512MB`
 * `node bench/small.ts --gigabytes 0.5 --tasks plan,1,8 --forget`
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Accounts, generateAccounts } from './data/generate-accounts.ts';
import { measureTree, type TreeMemory } from './measure-tree.ts';

/** Issue 4: "private memory of all processes plus shared once stays under 1.2 GB". */
const GOAL_BYTES = 1.2e9;
/** Two looks cost about 1 ms each; a peak shorter than this is no peak for the system either. */
const LOOK_MS = 100;

const { values } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '4' },
    memory: { type: 'string', default: '512MB' },
    threads: { type: 'string', default: '2' },
    /** Numbers of tasks, map and reduce alike; each is a job. `plan`: those that Daybreak chooses. */
    tasks: { type: 'string', default: 'plan,8' },
    /** Deletes the generated file at the end. */
    forget: { type: 'boolean', default: false },
  },
});

const command = fileURLToPath(new URL('../dist/daybreak.js', import.meta.url));
const PLANNED = 'plan';
const AGGREGATES = { rows: 'count(*)', total: 'sum(amount::DECIMAL(9,2))', last: 'max(n)' };

type Measured = { readonly seconds: number; readonly peak: TreeMemory };

/** Runs the job as a whole process, and looks at its tree until it ends. */
const runJob = async (
  input: string,
  { tasks, folder }: { readonly tasks: string; readonly folder: string },
): Promise<Measured> => {
  const spec = join(folder, 'spec.json');
  const steps = [{ group_by: { keys: ['account'], aggregates: AGGREGATES } }];
  const output = { uri: join(folder, 'output'), format: 'parquet' };
  await writeFile(spec, JSON.stringify({ name: 'small', input: { uri: input }, steps, output }));
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...[command, 'run', spec, '--workdir', join(folder, 'work'), '--memory', values.memory],
      ...['--threads', values.threads],
      ...(tasks === PLANNED ? [] : ['--map-tasks', tasks, '--reduce-tasks', tasks]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  let peak: TreeMemory = { privateBytes: 0, sharedBytes: 0, pids: [] };
  const timer = setInterval(() => {
    const now = measureTree(child.pid ?? 0);
    if (now.privateBytes + now.sharedBytes > peak.privateBytes + peak.sharedBytes) peak = now;
  }, LOOK_MS);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('close', resolve).on('error', reject);
  const exitCode = await promise.finally(() => clearInterval(timer));
  if (exitCode !== 0) throw new Error(`daybreak ended with ${exitCode}, ${renderPeak(peak)}:\n${stderr}`);
  return { seconds: (performance.now() - startedAt) / 1000, peak };
};

/** The result against plain DuckDB's over the same file: all groups, and sums over them. */
const compare = async (input: string, output: string, folder: string): Promise<string | undefined> => {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: '2GB',
    temp_directory: folder,
  });
  try {
    const connection = await instance.connect();
    const summarize = async (from: string): Promise<string> => {
      // bit_xor sees each group's row as a whole, whatever the order.
      const sql = `SELECT count(*), sum("rows")::VARCHAR, sum(total)::VARCHAR, sum(last)::VARCHAR,
        bit_xor(hash(account, "rows"::BIGINT, total::DECIMAL(18,2), last::BIGINT)) FROM ${from}`;
      return JSON.stringify((await connection.runAndReadAll(sql)).getRowsJson()[0]);
    };
    const mine = await summarize(`read_parquet('${output}/part-*.parquet')`);
    const theirs = await summarize(
      `(SELECT account, count(*) AS "rows", sum(amount) AS total, max(n) AS last FROM read_csv('${input}', types = {amount: 'DECIMAL(9,2)'}) GROUP BY account)`,
    );
    return mine === theirs ? undefined : `${mine} is not DuckDB's ${theirs}`;
  } finally {
    instance.closeSync();
  }
};

const renderPeak = ({ privateBytes, sharedBytes, pids }: TreeMemory): string =>
  `peak ${((privateBytes + sharedBytes) / 1e6).toFixed(0)} MB (private ${(privateBytes / 1e6).toFixed(0)} MB, shared ${(sharedBytes / 1e6).toFixed(0)} MB, ${pids.length} ${pids.length === 1 ? 'process' : 'processes'})`;

const renderTasks = (tasks: string): string => (tasks === PLANNED ? 'as planned' : `tasks ${tasks}`);

const judge = async ({ csv }: Accounts, tasks: string, root: string): Promise<boolean> => {
  const folder = join(root, `tasks-${tasks}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const { seconds, peak } = await runJob(csv, { tasks, folder });
    const difference = await compare(csv, join(folder, 'output'), folder);
    process.stdout.write(
      `${renderTasks(tasks)}: ${seconds.toFixed(1)} s, ${renderPeak(peak)}, load ${loadavg()[0]?.toFixed(1)}, ${difference ?? 'equal to DuckDB'}\n`,
    );
    return peak.privateBytes + peak.sharedBytes < GOAL_BYTES && difference === undefined;
  } catch (error) {
    process.stdout.write(`${renderTasks(tasks)}: ${String(error)}\n`);
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

if (!existsSync(command)) throw new Error('dist/daybreak.js is missing: run `npm run build` first');
if (process.platform !== 'linux') throw new Error('only Linux says how much memory of a process is its own');
const accounts = await generateAccounts(Number(values.gigabytes));
// Beside the data: the folder for temporary files is memory on many machines.
const root = join(accounts.folder, '..', `small-${process.pid}`);
try {
  let isSmall = true;
  for (const tasks of values.tasks.split(',')) isSmall = (await judge(accounts, tasks, root)) && isSmall;
  process.exitCode = isSmall ? 0 : 1;
} finally {
  await rm(root, { recursive: true, force: true });
  if (values.forget) await rm(accounts.folder, { recursive: true, force: true });
}
