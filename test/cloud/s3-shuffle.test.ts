/** Whole shuffles over S3: many map tasks, many reduce tasks, all blocks and all state in a bucket; against DuckDB. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findQueryDifference } from '../../bench/compare-results.ts';
import { makeLocalJob } from '../../cli/commands/prepare-job.ts';
import { renderBlockKey } from '../../functions/contract/keys.ts';
import type { Plan } from '../../functions/contract/plan.ts';
import { listSealedCommits } from '../../functions/io/commit-attempt.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { openRun } from '../../functions/io/open-run.ts';
import { countRequests, type RequestCount } from '../../functions/io/s3/count-requests.ts';
import { createS3Client } from '../../functions/io/s3/s3-client.ts';
import { openS3Store } from '../../functions/io/s3/s3-store.ts';
import { readSealed } from '../../functions/io/seal-stage.ts';
import { readSpec } from '../../functions/io/spec/parse-spec.ts';
import { newAttempt } from '../../functions/io/this-machine.ts';
import { parsePlan } from '../../functions/stages/parse-plan.ts';
import { readStage } from '../../functions/stages/read-stage.ts';
import { putFirstTasks, readTasks } from '../../functions/stages/read-tasks.ts';
import { runTask } from '../../functions/stages/run-task.ts';
import { seal } from '../../functions/stages/seal.ts';
import { split } from '../../functions/stages/split.ts';
import type { StageContext } from '../../functions/stages/stage-context.ts';
import { createRandom } from '../corpus/generate-csv.ts';
import { type Emulator, startEmulator } from '../emulator/start-emulator.ts';
import { withConnection } from '../io/arrow/round-trip.ts';
import { errorReply, forwardTo, type Script } from '../io/s3/scripted-server.ts';
import { withServer } from '../io/s3/with-server.ts';

const MAP_TASKS = 5;
const REDUCE_TASKS = 3;
const ROWS = 20_000;

let emulator: Emulator;
let client: S3Client;
let folder: string;
let input: string;
beforeAll(async () => {
  emulator = await startEmulator();
  client = createS3Client(emulator);
  folder = await mkdtemp(join(tmpdir(), 'daybreak-shuffle-'));
  input = join(folder, 'input.parquet');
  await withConnection((connection) =>
    connection.run(
      `COPY (SELECT i, 'key ' || (i * 7919 % 997) AS k, i % 31 AS v, repeat('x', i % 50) AS t FROM range(${ROWS}) r(i))
       TO '${input}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    ),
  );
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
  await rm(folder, { recursive: true });
});

let runs = 0;
let bucket: string;
let scratchDir: string;
beforeEach(async () => {
  runs += 1;
  bucket = `shuffle-${runs}`;
  scratchDir = join(folder, `scratch-${runs}`);
  await mkdir(scratchDir);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
});

const STEPS = [
  { filter: 'i % 3 <> 0' },
  { group_by: { keys: ['k'], aggregates: { n: 'count(*)', total: 'sum(v)', middle: 'median(length(t))' } } },
];
const EXPECTED = `SELECT k, count(*) AS n, sum(v)::DECIMAL(38, 0) AS total, median(length(t)) AS middle FROM read_parquet('INPUT') WHERE i % 3 <> 0 GROUP BY k`;

const contextOf = (store: ObjectStore): StageContext => ({
  store,
  scratchDir,
  resources: { threads: 1, memoryBytes: 500e6 },
  signal: new AbortController().signal,
  now: () => new Date(),
  newAttempt,
  onProgress: () => {},
});

/** Runs all stages of the job; what stands in the store afterwards is what publish would copy. */
const runStages = async (store: ObjectStore): Promise<Plan> => {
  const context = contextOf(store);
  const document = {
    name: 'shuffle',
    input: { uri: input },
    steps: STEPS,
    output: { uri: join(folder, `out-${runs}`), format: 'parquet' },
  };
  const parsed = readSpec(JSON.stringify(document), { file: 'spec.json' });
  const tasks = { mapTasks: MAP_TASKS, reduceTasks: REDUCE_TASKS };
  const job = makeLocalJob(parsed, { id: 'shuffle', now: context.now(), ...tasks });
  const wanted = await split(context, job);
  const plan = parsePlan((await openRun(store, wanted.plan, { openedAt: context.now().toISOString() })).plan);
  await putFirstTasks(store, plan, wanted.tasks);
  for (const [index, stage] of plan.stageIds.entries()) {
    const ids = { job: plan.job, run: plan.run, stage };
    for (const task of (await readStage(store, plan, { ...ids, index })).missing)
      await runTask(context, { ...ids, task });
    expect((await seal(context, plan, { ...ids, index })).kind).toBe('sealed');
  }
  return plan;
};

/** The blocks of the last stage, which are files of the output's format. */
const fetchResult = async (store: ObjectStore, plan: Plan): Promise<string> => {
  const stage = plan.stageIds.at(-1) ?? '';
  const sealed = await readSealed(store, { job: plan.job, run: plan.run, stage });
  if (sealed === undefined) throw new Error('the last stage is not sealed');
  const result = join(scratchDir, 'result');
  await mkdir(result);
  for (const commit of await listSealedCommits(store, sealed)) {
    const bytes = await store.get(renderBlockKey({ ...commit, format: commit.block.format }));
    await writeFile(join(result, `${commit.task}.parquet`), bytes ?? '');
  }
  return result;
};

const judgeResult = (result: string): Promise<string | undefined> =>
  withConnection((connection) =>
    findQueryDifference(
      connection,
      `SELECT * FROM read_parquet('${result}/*.parquet')`,
      EXPECTED.replace('INPUT', input),
    ),
  );

/** Without those that the machine's load makes: a second one for a late answer, or for none. */
const countOf = (counts: readonly RequestCount[], operation: string, kind: string): number =>
  counts
    .filter((each) => each.operation === operation && each.kind === kind)
    .reduce((sum, { requests, retries, duplicates }) => sum + requests - retries - duplicates, 0);

describe('a shuffle over S3', () => {
  it('gives the rows of DuckDB, with a request for each block that a task reads and each that it writes', async () => {
    const counting = createS3Client(emulator);
    try {
      const counts = countRequests(counting);
      const store = openS3Store(counting, { bucket });
      const plan = await runStages(store);
      const found = counts.read();
      const tasks = await readTasks(store, plan, 1);
      const slices = tasks.flatMap((task) => (task.kind === 'partitions' ? task.sources : []));
      expect(plan.stageIds.length).toBe(2);
      expect(slices.length).toBe(MAP_TASKS * REDUCE_TASKS);
      expect(countOf(found, 'GetObject', 'block')).toBe(slices.length);
      expect(countOf(found, 'PutObject', 'block')).toBe(MAP_TASKS + REDUCE_TASKS);
      expect(countOf(found, 'PutObject', 'commit')).toBe(MAP_TASKS + REDUCE_TASKS);
      expect(await judgeResult(await fetchResult(store, plan))).toBeUndefined();
    } finally {
      counting.destroy();
    }
  });

  it('gives the same where one in five requests is lost, dropped, refused or cut off on its way', async () => {
    const seed = Number(process.env.DAYBREAK_TEST_SEED ?? Date.now() % 2 ** 31);
    process.stderr.write(`faults of a shuffle: seed ${seed}\n`);
    const random = createRandom(seed);
    const forward = forwardTo(emulator.endpoint);
    let faults = 0;
    const script: Script = async (request) => {
      const [drawn, kind] = [random(), random()];
      if (request.attempt > 1 || drawn > 0.2) return forward(request);
      faults += 1;
      if (kind < 0.25) {
        await request.body();
        return errorReply(503, 'ServiceUnavailable');
      }
      if (kind < 0.5) return 'none';
      const reply = await forward(request);
      if (kind < 0.75) return 'none';
      return { ...reply, cutAfterBytes: Math.floor(random() * (reply.body?.length ?? 0)) };
    };
    await withServer(script, async (faulty) => {
      const plan = await runStages(openS3Store(faulty, { bucket }));
      expect(faults).toBeGreaterThan(10);
      expect(await judgeResult(await fetchResult(openS3Store(client, { bucket }), plan))).toBeUndefined();
    });
  });

  it('fails by name where a block is gone or has a wrong byte', async () => {
    const store = openS3Store(client, { bucket });
    const plan = await runStages(store);
    const [first] = await readTasks(store, plan, 1);
    if (first?.kind !== 'partitions') throw new Error('the second stage reads partitions');
    const [source] = first.sources;
    if (source === undefined) throw new Error('the task has no source');
    const [task, run, attempt] = source;
    const key = renderBlockKey({
      job: plan.job,
      run,
      stage: plan.stageIds[0] ?? '',
      task,
      attempt,
      format: 'arrow',
    });
    const bytes = Buffer.from((await store.get(key)) ?? []);
    const [offset, sizeBytes] = source[3][0] ?? [0, 0];
    const middle = offset + Math.floor(sizeBytes / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    await store.put(key, bytes);
    await expect(readAgain(store, plan)).rejects.toMatchObject({ name: 'BlockCorruptError', key });
    await store.delete(key);
    await expect(readAgain(store, plan)).rejects.toMatchObject({ name: 'BlockMissingError' });
  });
});

/** Runs the first reduce task as if nobody had. */
const readAgain = async (store: ObjectStore, plan: Plan): Promise<unknown> => {
  const ids = { job: plan.job, run: plan.run, stage: plan.stageIds[1] ?? '', task: '000000' };
  const unsealed: ObjectStore = {
    ...store,
    get: (key) =>
      /\/(sealed\.json|commits\/.*)$/u.test(key) && key.includes(ids.stage)
        ? Promise.resolve(undefined)
        : store.get(key),
    delete: async () => {},
  };
  return runTask(contextOf(unsealed), ids);
};
