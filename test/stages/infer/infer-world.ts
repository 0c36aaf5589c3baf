/** A stage `infer` by itself: blocks as the stage before leaves them, a task over them, and what it wrote. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import type { Commit, PackedPartition } from '../../../functions/contract/commit.ts';
import { KEYS, renderBlockKey } from '../../../functions/contract/keys.ts';
import type { Plan, PlannedStage } from '../../../functions/contract/plan.ts';
import type { RejectLimit } from '../../../functions/contract/plan-header.ts';
import type { PlannedInferStep } from '../../../functions/contract/planned-infer.ts';
import type { TaskSource } from '../../../functions/contract/task.ts';
import { readPartitionNumbers, writePartitionedBlock } from '../../../functions/io/arrow/block-writer.ts';
import { appendStreams, renderCreateTable } from '../../../functions/io/arrow/load-stream.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { openBlocks } from '../../../functions/io/open-blocks.ts';
import type { StageContext } from '../../../functions/stages/stage-context.ts';
import type { TaskWork } from '../../../functions/stages/task-work.ts';
import { unsyncedFiles } from '../../io/dying-files.ts';

const JOB = 'themes';
const RUN = '0001';
const BEFORE = '00-map';
const STAGE = '01-infer';
export const PIECE_ROWS = 64;

export type InferWorld = {
  readonly root: string;
  readonly store: ObjectStore;
  readonly contextFor: (given?: Partial<StageContext>) => StageContext;
  /**
   * Puts the rows of a query (the step's input, `daybreak_request`, `daybreak_seed`) as a block with pieces of 64
   * rows, and gives a task over all of them.
   */
  readonly workOver: (query: string, given: WorkGiven) => Promise<TaskWork>;
  /** Loads the piece of a commit into a table. Returns its rows. */
  readonly load: (commit: Commit, table: string) => Promise<number>;
  readonly rejectsPath: (commit: Commit) => string;
  readonly close: () => Promise<void>;
};

export type WorkGiven = {
  readonly step: PlannedInferStep;
  readonly rejectLimit?: RejectLimit;
  readonly task?: string;
};

export const openInferWorld = async (connection: DuckDBConnection): Promise<InferWorld> => {
  const root = await mkdtemp(join(tmpdir(), 'daybreak-infer-'));
  const store = await openFileStore(join(root, 'store'), unsyncedFiles);
  const scratchDir = join(root, 'scratch');
  await mkdir(scratchDir);
  let attempts = 0;
  const newAttempt = () => (++attempts).toString(16).padStart(24, '0');
  const put = async (query: string, task: string): Promise<TaskSource> => {
    const attempt = newAttempt();
    const file = join(root, attempt);
    const numbered = `SELECT *, row_number() OVER () - 1 AS daybreak_row FROM (${query})`;
    const pieces = await writePieces(connection, numbered, file);
    await store.putFile(
      renderBlockKey({ job: JOB, run: RUN, stage: BEFORE, task, attempt, format: 'arrow' }),
      file,
    );
    return [task, RUN, attempt, [...pieces]];
  };
  return {
    root,
    store,
    contextFor: (given = {}) => ({
      store,
      now: () => new Date(),
      newAttempt,
      scratchDir,
      resources: { threads: 1, memoryBytes: 256 * 2 ** 20 },
      signal: new AbortController().signal,
      onProgress: () => {},
      ...given,
    }),
    workOver: async (query, { task = '000000', ...given }) =>
      workOf(await put(query, task), { ...given, task }),
    load: async ({ job, run, stage, task, attempt, partitions }, table) => {
      const place = { store, job, stage, scratchDir };
      const source: TaskSource = [task, run, attempt, [...partitions]];
      const blocks = await openBlocks(place, {
        kind: 'partitions',
        task: '000000',
        weightBytes: 0,
        first: 0,
        end: 1,
        sources: [source],
      });
      const streams = [...blocks.open()];
      const [first] = streams;
      if (first === undefined) throw new Error(`the block of ${stage} ${task} has no rows`);
      await connection.run(renderCreateTable(table, first.columns));
      return appendStreams(connection, table, streams);
    },
    rejectsPath: ({ job, run, stage, task, attempt }) => {
      const key = KEYS.rejects.render({ job, run, stage, task, attempt, format: 'parquet' });
      const local = store.localPath(key);
      if (local === undefined) throw new Error('a store on files has its objects in files');
      return local;
    },
    close: () => rm(root, { recursive: true, force: true }),
  };
};

const writePieces = async (
  connection: DuckDBConnection,
  query: string,
  file: string,
): Promise<readonly PackedPartition[]> => {
  const [[rows] = []] = await (await connection.run(`SELECT count(*) FROM (${query})`)).getRows();
  const result = await connection.stream(
    `SELECT ((row_number() OVER () - 1) // ${PIECE_ROWS})::INTEGER, * FROM (${query})`,
  );
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, index) => ({ name, type: types[index] as DuckDBType }));
  const options = { path: file, scratchPath: `${file}.wait`, columns: columns.slice(1), firstColumn: 1 };
  const partitions = Math.max(1, Math.ceil(Number(rows) / PIECE_ROWS));
  const block = await writePartitionedBlock({ ...options, partitions }, async (append) => {
    for await (const chunk of result) append(chunk, readPartitionNumbers(chunk));
  });
  return block.partitions.map((piece) => [piece.offset, piece.sizeBytes, piece.crc32, piece.rows]);
};

const workOf = (
  source: TaskSource,
  { step, task, rejectLimit = { unit: 'rows', value: 0 } }: WorkGiven & { readonly task: string },
): TaskWork => {
  const stage: PlannedStage = {
    kind: 'infer',
    tasks: 1,
    opening: step,
    steps: [],
    columns: [...step.columns],
    format: 'arrow',
    inputBytes: 0,
    expected: { seconds: 1, basis: 'assumed', because: 'a test' },
  };
  const pieces = source[3];
  const plan = {
    job: JOB,
    run: RUN,
    stageIds: [BEFORE, STAGE],
    formats: { engine: 'duckdb', block: 'block', partitioner: 'hash' },
    rejectLimit,
  };
  return {
    // What a task of this stage reads of its plan.
    plan: plan as unknown as Plan,
    stage,
    index: 1,
    ids: { job: JOB, run: RUN, stage: STAGE, task },
    task: {
      kind: 'partitions',
      task,
      weightBytes: pieces.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0),
      first: 0,
      end: pieces.length,
      sources: [source],
    },
  };
};
