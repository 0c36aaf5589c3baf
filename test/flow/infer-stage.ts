import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import type { Commit, PackedPartition } from '../../functions/contract/commit.ts';
import { KEYS, renderBlockKey } from '../../functions/contract/keys.ts';
import { Plan } from '../../functions/contract/plan.ts';
import { INFER_REQUEST_COLUMNS, type PlannedInferStep } from '../../functions/contract/planned-infer.ts';
import type { Task } from '../../functions/contract/task.ts';
import { decodePartition } from '../../functions/io/arrow/block-reader.ts';
import { readPartitionNumbers, writePartitionedBlock } from '../../functions/io/arrow/block-writer.ts';
import { appendStreams, renderCreateTable } from '../../functions/io/arrow/load-stream.ts';
import { renderDuckDBType } from '../../functions/io/arrow/type-text.ts';
import { commitAttempt } from '../../functions/io/commit-attempt.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { putSealed } from '../../functions/io/seal-stage.ts';
import { renderTasks } from '../../functions/stages/read-tasks.ts';

const AT = '2026-11-28T00:00:00.000Z';
const ATTEMPT = '0123456789abcdef01234567';
const BEFORE = { job: 'a-job', run: '0001', stage: '00-map' } as const;
export const INFER_STAGE = { job: 'a-job', run: '0001', stage: '01-infer' } as const;
const FORMATS = { engine: 'duckdb-1.5.5', block: '1', partitioner: '1' };
const NOTHING = { read: 0, grown: 0, written: 0, rejected: 0, dropped: 0, folded: 0, cut: 0, pruned: 0 };
const EXPECTED = { seconds: 1, basis: 'assumed', because: 'a test' } as const;

type Stage = {
  /** Its first column is the number of the piece, its last three are the request, the seed and the row. */
  readonly query: string;
  readonly pieces: number;
  /** Pieces of each task. */
  readonly cut: readonly number[];
  readonly step: Pick<PlannedInferStep, 'task' | 'answer'> & Partial<PlannedInferStep>;
  readonly rejectRows: number;
};

/** Writes what the stages before a stage `infer` leave. Returns the columns that the step keeps. */
export const putInferStage = async (
  { store, connection }: { readonly store: ObjectStore; readonly connection: DuckDBConnection },
  { query, pieces, cut, step, rejectRows }: Stage,
): Promise<readonly { readonly name: string; readonly type: string }[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'daybreak-infer-'));
  const result = await connection.stream(query);
  const types = result.columnTypes();
  const columns = result
    .columnNames()
    .map((name, index) => ({ name, type: types[index] as DuckDBType }))
    .slice(1);
  const path = join(folder, 'block');
  const options = { path, scratchPath: join(folder, 'scratch'), columns, partitions: pieces, firstColumn: 1 };
  const block = await writePartitionedBlock(options, async (append) => {
    for await (const chunk of result) append(chunk, readPartitionNumbers(chunk));
  });
  const partitions = block.partitions.map(
    ({ offset, sizeBytes, crc32, rows }): PackedPartition => [offset, sizeBytes, crc32, rows],
  );
  await store.put(
    renderBlockKey({ ...BEFORE, task: '000000', attempt: ATTEMPT, format: 'arrow' }),
    readFileSync(path),
  );
  const counts = { ...NOTHING, read: block.rows, written: block.rows };
  const { sizeBytes, sha256, rows } = block;
  await commitAttempt(store, {
    ...BEFORE,
    task: '000000',
    attempt: ATTEMPT,
    block: { format: 'arrow', sizeBytes, sha256 },
    partitions,
    rows,
    counts,
    formats: FORMATS,
    startedAt: AT,
    endedAt: AT,
  });
  const tasks = cutTasks(partitions, cut);
  await store.put(KEYS.index.render({ ...BEFORE, attempt: ATTEMPT }), renderTasks(tasks));
  await putSealed(store, {
    ...BEFORE,
    attempt: ATTEMPT,
    commits: [['000000', BEFORE.run, ATTEMPT]],
    missing: [],
    amendments: 0,
    nextTasks: tasks.length,
    totals: { rows, sizeBytes, counts },
    formats: FORMATS,
    sealedAt: AT,
  });
  const input = columns
    .slice(0, -INFER_REQUEST_COLUMNS.length)
    .map(({ name, type }) => ({ name, type: renderDuckDBType(type) }));
  await store.put(
    KEYS.plan.render(INFER_STAGE),
    Buffer.from(JSON.stringify(renderPlan(input, step, rejectRows))),
  );
  return input;
};

const cutTasks = (partitions: readonly PackedPartition[], cut: readonly number[]): readonly Task[] => {
  let first = 0;
  return cut.map((pieces, index) => {
    const extents = partitions.slice(first, first + pieces);
    const task = {
      kind: 'partitions' as const,
      task: String(index).padStart(6, '0'),
      weightBytes: extents.reduce((bytes, [, size]) => bytes + size, 0),
      first,
      end: first + pieces,
      tokens: 1,
      sources: [['000000', BEFORE.run, ATTEMPT, extents]] as [string, string, string, PackedPartition[]][],
    };
    first += pieces;
    return task;
  });
};

const renderPlan = (
  input: readonly { readonly name: string; readonly type: string }[],
  step: Stage['step'],
  rejectRows: number,
): Plan => {
  const output = { name: 'said', type: 'VARCHAR' };
  const columns = [...input, output];
  const opening = {
    kind: 'infer' as const,
    step: 1,
    columns,
    input: [...input],
    uses: [],
    engine: { kind: 'vllm' as const, args: {} },
    model: { name: 'a-model' },
    prompts: { prompt: '{{ text }}' },
    sampling: { max_tokens: 16 },
    seed: 1,
    output,
    ...step,
  };
  const digest = '0'.repeat(64);
  const stage = { tasks: 1, steps: [], columns, format: 'arrow', inputBytes: 1, expected: EXPECTED } as const;
  return Plan.parse({
    job: INFER_STAGE.job,
    run: INFER_STAGE.run,
    digest,
    specDigest: digest,
    shape: digest,
    formats: FORMATS,
    stageIds: [BEFORE.stage, INFER_STAGE.stage],
    openedAt: AT,
    tasks: { attempt: ATTEMPT, sha256: digest },
    input: {
      format: 'text',
      files: [{ path: '/a', sizeBytes: 1, compression: 'none' }],
      columns: [{ name: 'line', type: 'VARCHAR' }],
      hive: [],
      text: { rows: 'line', max_line_size: 1 },
    },
    stages: [
      { ...stage, kind: 'map' },
      { ...stage, kind: 'infer', opening },
    ],
    output: { uri: 'out/', format: 'arrow', mode: 'fail', columns },
    rejectLimit: { unit: 'rows', value: rejectRows },
  });
};

/** Loads what commits name into a table, as the stage behind reads it. Returns the rows. */
export const loadCommitted = async (
  { store, connection }: { readonly store: ObjectStore; readonly connection: DuckDBConnection },
  table: string,
  commits: readonly Commit[],
): Promise<number> => {
  const streams = [];
  for (const { job, run, stage, task, attempt, partitions } of commits) {
    const key = renderBlockKey({ job, run, stage, task, attempt, format: 'arrow' });
    const block = await store.get(key);
    if (block === undefined) throw new Error(`no ${key}`);
    for (const [offset, sizeBytes, crc32, rows] of partitions) {
      const bytes = block.subarray(offset, offset + sizeBytes);
      const stream = decodePartition(key, { offset, sizeBytes, crc32, rows }, bytes);
      if (stream !== undefined) streams.push(stream);
    }
  }
  const [first] = streams;
  if (first === undefined) throw new Error('there are no rows');
  await connection.run(renderCreateTable(table, first.columns));
  return await appendStreams(connection, table, streams);
};
