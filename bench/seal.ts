/**
 * Memory and time of the state `seal` behind a wide stage: commits are read and judged, the index is put, read again,
 * and the next pass is put. The plan's limit is 3906 x 1024 (4 million extents, 2 TB of input in slices of 512 MiB).
 * Commits are made up when they are asked for, so that the figure is seal's own; run it with the heap that the function
 * has, which for 3,008 MB is 2,708 MB.
 * Usage: node --max-old-space-size=2708 bench/seal.ts [map tasks] [partitions] [reduce tasks]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Commit, PackedPartition } from '../functions/contract/commit.ts';
import { renderTaskId } from '../functions/contract/ids.ts';
import { KEYS } from '../functions/contract/keys.ts';
import type { Plan } from '../functions/contract/plan.ts';
import type { Task } from '../functions/contract/task.ts';
import type { ObjectStore } from '../functions/io/object-store.ts';
import { enterStages } from '../functions/stages/execution/enter-stages.ts';
import type { ExecutionContext } from '../functions/stages/execution/execution-context.ts';
import { hashTasks, renderTasks } from '../functions/stages/read-tasks.ts';

const [mapTasks = 3906, partitions = 1024, reduceTasks = 500] = process.argv.slice(2).map(Number);
const AT = '2026-01-01T00:00:00.000Z';
const PARTITION_BYTES = 500_000;
const ids = { job: 'wide', run: '0001' };
const formats = { engine: 'duckdb', block: 'arrow-1', partitioner: 'xxh-1' };
const stageIds = ['00-map', '01-reduce'];
const attemptOf = (number: number): string => number.toString(16).padStart(24, '0');

const tasks = Array.from(
  { length: mapTasks },
  (_, task): Task => ({
    kind: 'rows',
    task: renderTaskId(task),
    weightBytes: partitions * PARTITION_BYTES,
    rows: [{ file: 0, firstRow: task * 1000, rows: 1000 }],
  }),
);

const blockBytes = partitions * PARTITION_BYTES;

const commitOf = (task: number): Commit => {
  const extents = Array.from({ length: partitions }, (_, partition) =>
    PackedPartition.parse([
      partition * PARTITION_BYTES,
      PARTITION_BYTES - (task % 7),
      (task * 2_654_435_761 + partition * 40_503) >>> 0,
      12_345 + ((task * partition) % 999),
    ]),
  );
  const rows = extents.reduce((sum, [, , , each]) => sum + each, 0);
  return {
    ...ids,
    stage: '00-map',
    task: renderTaskId(task),
    attempt: attemptOf(task),
    block: { format: 'arrow', sizeBytes: blockBytes, sha256: 'a'.repeat(64) },
    partitions: extents,
    rows,
    counts: { read: rows, grown: 0, written: rows, rejected: 0, dropped: 0, folded: 0, cut: 0, pruned: 0 },
    formats,
    startedAt: AT,
    endedAt: AT,
  };
};

const stage = { steps: [], columns: [], inputBytes: 1 };
const plan = {
  ...ids,
  formats,
  stageIds,
  openedAt: AT,
  tasks: { attempt: attemptOf(1), sha256: hashTasks(tasks) },
  input: { format: 'parquet', files: [] },
  stages: [
    {
      ...stage,
      kind: 'map',
      tasks: mapTasks,
      format: 'arrow',
      shuffle: { step: { kind: 'group_by', step: 0 }, columns: [], by: ['k'], partitions },
    },
    { ...stage, kind: 'reduce', tasks: reduceTasks, format: 'parquet' },
  ],
  rejectLimit: { unit: 'rows', value: 0 },
} as unknown as Plan; // What seal reads of one.

const encode = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const folder = mkdtempSync(join(tmpdir(), 'daybreak-bench-'));
const objects = new Map<string, Uint8Array>();
objects.set(KEYS.tasks.render({ ...ids, stage: '00-map', attempt: attemptOf(1) }), renderTasks(tasks));
const commits = KEYS.commit.prefix({ ...ids, stage: '00-map' });
const facts = { sizeBytes: blockBytes, modifiedAt: AT };

/** Lists and gives commits that nobody wrote; the index lies in a file, as it would on S3. */
const store = {
  get: async (key) => {
    const commit = KEYS.commit.parse(key);
    if (commit?.stage === '00-map') return encode(commitOf(Number(commit.task)));
    return KEYS.index.parse(key) === undefined ? objects.get(key) : readFile(join(folder, 'index'));
  },
  head: async (key) => ({ key, ...facts }),
  put: async (key, bytes) => void objects.set(key, bytes),
  putFile: async (key, path) => {
    if (KEYS.index.parse(key) === undefined) throw new Error(`nothing but the index is a file, not ${key}`);
    await copyFile(path, join(folder, 'index'));
  },
  putIfAbsent: async (key, bytes) => {
    objects.set(key, bytes);
    return 'created';
  },
  list: async function* (prefix) {
    if (prefix !== commits) return;
    for (const { task } of tasks)
      yield { key: KEYS.commit.render({ ...ids, stage: '00-map', task }), ...facts };
  },
  deletePrefix: async () => {},
} satisfies Partial<ObjectStore> as unknown as ObjectStore; // What seal asks of one.

let attempts = mapTasks;
const context = {
  store,
  scratchDir: folder,
  now: () => new Date(AT),
  newAttempt: () => attemptOf(++attempts),
  note: () => {},
  mostTasks: 500,
  keepBlocks: false,
} as unknown as ExecutionContext; // A seal runs no query.

/** What the function's own watch looks at: pages that are of no file. */
const readPrivateMebibytes = (): number =>
  Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

let peak = 0;
const look = (): void => {
  peak = Math.max(peak, readPrivateMebibytes());
};
const timer = setInterval(look, 20);
const cpu = process.cpuUsage();
try {
  const split = { job: ids.job, go: 1, reopened: 0 };
  await enterStages(context, { ids: split, plan, index: 0, pass: { committed: 0, empty: 0 } });
  look();
  const { user, system } = process.cpuUsage(cpu);
  process.stdout.write(
    `${mapTasks} x ${partitions}, ${reduceTasks} reduce tasks: ${Math.round(peak)} MiB of private memory at most, ` +
      `${((user + system) / 1e6).toFixed(1)} s of CPU, making up commits among them\n`,
  );
} finally {
  clearInterval(timer);
  rmSync(folder, { recursive: true, force: true });
}
