/**
 * A finished job of three stages in a store, put there by the functions that a real one goes through: `tasks` map
 * tasks, as many reduce tasks, as many tasks that sort. Times and sizes come from a seed; one map task is slow and large, one
 * slow alone.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Commit, PackedPartition, StepCounts } from '../../../functions/contract/commit.ts';
import type { Counts } from '../../../functions/contract/counts.ts';
import { renderTaskId } from '../../../functions/contract/ids.ts';
import { Job } from '../../../functions/contract/job.ts';
import { KEYS, OUTPUT_KEYS } from '../../../functions/contract/keys.ts';
import { Manifest } from '../../../functions/contract/manifest.ts';
import { type Failure, Outcome } from '../../../functions/contract/outcome.ts';
import { Plan } from '../../../functions/contract/plan.ts';
import type { PlannedStepOf } from '../../../functions/contract/planned-steps.ts';
import { addCounts, NO_ROWS } from '../../../functions/core/judge-conservation.ts';
import { commitAttempt } from '../../../functions/io/commit-attempt.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { openRun } from '../../../functions/io/open-run.ts';
import { putOnce } from '../../../functions/io/put-once.ts';
import { putOutcome } from '../../../functions/io/put-outcome.ts';
import { putSealed } from '../../../functions/io/seal-stage.ts';
import { buildReport, putReport } from '../../../functions/stages/build-report.ts';
import { renderTasks } from '../../../functions/stages/read-tasks.ts';
import { writeTrace } from '../../../functions/stages/write-trace.ts';

export type SyntheticNames = {
  readonly column: string;
  readonly file: string;
  readonly output: string;
  readonly text: string;
};

const PLAIN: SyntheticNames = {
  column: 'team',
  file: '/data/tickets.csv',
  output: '/data/themes',
  text: "status = 'open'",
};

export type SyntheticOptions = {
  readonly job: string;
  readonly tasks: number;
  readonly workers: number;
  readonly names?: SyntheticNames;
  readonly rejectsPath?: string;
  readonly failure?: Failure;
};

const digest = createHash('sha256').update('synthetic').digest('hex');
const formats = { engine: 'duckdb 1.5.5', block: 'arrow-1', partitioner: 'hash-1' };
const SUBMITTED_MS = Date.parse('2026-11-22T09:30:00.000Z');
const instant = (seconds: number): string =>
  new Date(SUBMITTED_MS + Math.round(seconds * 1000)).toISOString();

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

const FIRST_TASKS = 'f'.repeat(24);

const STAGES = ['00-map', '01-reduce', '02-reduce'] as const;

const makeLocalJob = ({ job, names = PLAIN }: SyntheticOptions): Job =>
  Job.parse({
    job,
    spec: {
      name: 'synthetic',
      input: { uri: names.file },
      steps: [
        { filter: names.text },
        { distinct: [names.column] },
        { sort: { by: ['rows DESC'], limit: 100 } },
      ],
      output: { uri: names.output },
      errors: { max_rejects: '1%' },
      deadline: '6h',
    },
    specDigest: digest,
    submittedAt: instant(0),
    submittedBy: 'tester',
    deadlineAt: instant(6 * 3600),
  });

const makePlan = ({ job, tasks, names = PLAIN }: SyntheticOptions): Omit<Plan, 'run' | 'openedAt'> => {
  const columns = [
    { name: names.column, type: 'VARCHAR' },
    { name: 'rows', type: 'BIGINT' },
  ];
  const filter: PlannedStepOf<'filter'> = {
    kind: 'filter',
    step: 0,
    columns,
    predicate: names.text,
    uses: [],
    isPrunable: false,
  };
  const distinct: PlannedStepOf<'distinct'> = { kind: 'distinct', step: 1, columns };
  const sort: PlannedStepOf<'sort'> = { kind: 'sort', step: 2, columns, by: [], limit: 100 };
  const stage = {
    tasks,
    columns,
    expected: { seconds: 40, basis: 'assumed', because: 'assumed 120 MB/s of csv' },
  } as const;
  return {
    job,
    digest,
    formats,
    stageIds: [...STAGES],
    specDigest: digest,
    tasks: { attempt: FIRST_TASKS, sha256: digest },
    input: {
      format: 'csv',
      files: [
        {
          path: names.file,
          sizeBytes: 4e9,
          device: '1',
          inode: '2',
          modifiedNs: '3',
          compression: 'none',
          layout: 0,
        },
      ],
      columns,
      hive: [],
      csv: {
        delim: ',',
        quote: '"',
        escape: '"',
        comment: '',
        header: true,
        skip: 0,
        encoding: 'utf-8',
        strict_mode: true,
        null_padding: false,
        max_line_size: 2_000_000,
      },
      layouts: [columns.map(({ name }) => name)],
    },
    stages: [
      { ...stage, kind: 'map', steps: [filter, distinct], format: 'arrow', inputBytes: 4e9 },
      { ...stage, kind: 'reduce', steps: [distinct, sort], format: 'arrow', inputBytes: 4e8 },
      { ...stage, kind: 'reduce', steps: [sort], format: 'parquet', inputBytes: 4e7 },
    ],
    output: { uri: names.output, format: 'parquet', mode: 'fail', columns },
    rejectLimit: { unit: 'rate', value: 0.01 },
    shape: digest,
  };
};

type Rows = { readonly counts: Counts; readonly steps: readonly StepCounts[] };

const NO_STEP = { dropped: 0, grown: 0, folded: 0, cut: 0 };

const rowsOf = (stage: number, read: number, rejected: number): Rows => {
  if (stage === 0) {
    const dropped = Math.floor((read - rejected) * 0.35);
    const folded = Math.floor((read - rejected - dropped) * 0.9);
    const written = read - rejected - dropped - folded;
    return {
      counts: { ...NO_ROWS, read, rejected, dropped, folded, written },
      steps: [
        { ...NO_STEP, step: 0, dropped },
        { ...NO_STEP, step: 1, folded },
      ],
    };
  }
  const folded = stage === 1 ? Math.floor(read * 0.5) : 0;
  const cut = stage === 1 ? Math.floor((read - folded) * 0.8) : read - Math.ceil(read / 50);
  return {
    counts: { ...NO_ROWS, read, folded, cut, written: read - folded - cut },
    steps: [...(stage === 1 ? [{ ...NO_STEP, step: 1, folded }] : []), { ...NO_STEP, step: 2, cut }],
  };
};

const partitionsOf = (count: number, sizeBytes: number, random: () => number): PackedPartition[] => {
  const shares = Array.from(
    { length: count },
    (_, index) => (index === 5 % count ? 6 : 1) * (0.5 + random()),
  );
  const sum = shares.reduce((left, right) => left + right, 0);
  let offset = 0;
  return shares.map((share) => {
    const bytes = Math.floor((sizeBytes * share) / sum);
    const packed: PackedPartition = [offset, bytes, 7, Math.floor(bytes / 20)];
    offset += bytes;
    return packed;
  });
};

/** Runs `tasks` on the workers one after another; gives each its worker, start and end in seconds. */
const scheduleTasks = (seconds: readonly number[], workers: number, startAt: number) => {
  const freeAt = Array.from({ length: workers }, (_, worker) => startAt + worker * 0.05);
  return seconds.map((duration) => {
    const worker = freeAt.indexOf(Math.min(...freeAt));
    const from = freeAt[worker] ?? startAt;
    freeAt[worker] = from + duration;
    return { worker: `worker-${worker + 1}`, from, to: from + duration };
  });
};

/** Puts the job with its first run, commits, seals, outcome, report and trace. */
export const writeSyntheticJob = async (store: ObjectStore, options: SyntheticOptions): Promise<Job> => {
  const random = randomFrom(7);
  const { tasks, workers, failure } = options;
  const job = makeLocalJob(options);
  await putOnce(store, { key: KEYS.job.render(job), schema: Job }, job);
  const opened = await openRun(store, makePlan(options), { openedAt: instant(0.4) });
  const plan = Plan.parse(opened.plan);
  let clock = 0.6;
  let last: readonly Commit[] = [];
  const seals: { readonly stage: string; readonly attempt: string }[] = [];
  const attempt = (): string =>
    Array.from({ length: 24 }, () => Math.floor(random() * 16).toString(16)).join('');
  let readRows = Array.from({ length: tasks }, () => 100_000 + Math.floor(random() * 60_000));
  for (const [index, stage] of STAGES.entries()) {
    const bytes = readRows.map(
      (rows, task) => rows * (index === 0 ? 240 : 40) * (task === 9 % tasks ? 3 : 1),
    );
    const lines = renderTasks(
      bytes.map((weightBytes, task) => ({ kind: 'input', task: renderTaskId(task), weightBytes })),
    );
    const place = { job: job.job, run: plan.run };
    const sealedBefore = seals.at(-1);
    await store.put(
      sealedBefore === undefined
        ? KEYS.tasks.render({ ...place, stage, attempt: FIRST_TASKS })
        : KEYS.index.render({ ...place, ...sealedBefore }),
      lines,
    );
    if (index === 0) readRows = readRows.map((rows, task) => (task === 9 % tasks ? rows * 3 : rows));
    const seconds = bytes.map((size, task) => size / 8e6 + random() * 0.4 + (task === 20 % tasks ? 9 : 0));
    const spans = scheduleTasks(seconds, workers, clock);
    const commits: Commit[] = [];
    for (const [task, span] of spans.entries()) {
      const read = readRows[task] ?? 0;
      const rejected = index === 0 && task % 8 === 0 ? 3 : 0;
      const { counts, steps } = rowsOf(index, read, rejected);
      const sizeBytes = counts.written * 30;
      const commit: Commit = {
        job: job.job,
        run: plan.run,
        stage,
        task: renderTaskId(task),
        attempt: attempt(),
        block: { format: index === 2 ? 'parquet' : 'arrow', sizeBytes, sha256: digest },
        partitions: index === 2 ? [] : partitionsOf(Math.min(tasks, 256), sizeBytes, random),
        rows: counts.written,
        counts,
        steps: [...steps],
        formats,
        worker: span.worker,
        bytesRead: bytes[task] ?? 0,
        startedAt: instant(span.from),
        endedAt: instant(span.to),
      };
      const kept = rejected > 0 && options.rejectsPath !== undefined;
      if (kept && options.rejectsPath !== undefined) {
        await store.putFile(KEYS.rejects.render({ ...commit, format: 'parquet' }), options.rejectsPath);
      }
      const rejects = { format: 'parquet', sizeBytes: 1, sha256: digest, rows: rejected } as const;
      commits.push({ ...commit, ...(kept ? { rejects } : {}) });
    }
    for (const commit of commits) await commitAttempt(store, commit);
    last = commits;
    clock = Math.max(...spans.map(({ to }) => to)) + 0.35;
    const counts = addCounts(commits.map((commit) => commit.counts));
    if (failure !== undefined && index === 1) break;
    const sealAttempt = attempt();
    seals.push({ stage, attempt: sealAttempt });
    await putSealed(store, {
      job: job.job,
      run: plan.run,
      stage,
      attempt: sealAttempt,
      commits: commits.map((commit) => [commit.task, commit.run, commit.attempt]),
      missing: [],
      amendments: 0,
      nextTasks: index === 2 ? 0 : tasks,
      totals: { rows: counts.written, sizeBytes: counts.written * 30, counts },
      formats,
      sealedAt: instant(clock),
    });
    readRows = Array.from({ length: tasks }, (_, task) => evenShare(counts.written, tasks, task));
    clock += 0.05;
  }
  const kind = failure === undefined ? 'published' : 'failed';
  const ended = { job: job.job, run: plan.run, kind, at: instant(clock + 0.1) };
  const { chosen } = await putOutcome(
    store,
    Outcome.parse({ ...ended, ...(failure === undefined ? {} : { failure }) }),
  );
  const manifest = failure === undefined ? manifestOf(job, plan, last) : undefined;
  const context = { store, now: () => new Date(instant(clock + 0.5)) };
  await putReport(
    store,
    await buildReport(context, {
      ...(manifest === undefined ? {} : { manifest }),
      job,
      plan,
      outcome: chosen.kind,
      ...(failure === undefined ? {} : { failure }),
    }),
  );
  await writeTrace(store, job);
  return job;
};

const manifestOf = (job: Job, plan: Plan, commits: readonly Commit[]): Manifest =>
  Manifest.parse({
    job: job.job,
    run: plan.run,
    outcome: 'published',
    specDigest: digest,
    format: 'parquet',
    columns: plan.output.columns,
    rows: commits.reduce((rows, commit) => rows + commit.rows, 0),
    parts: commits.map(({ task, rows, block: { sizeBytes, sha256 } }) => ({
      name: OUTPUT_KEYS.part.render({ task, job: job.job, format: 'parquet' }),
      rows,
      sizeBytes,
      sha256,
    })),
    rejects: [],
    missing: [],
    counts: addCounts(commits.map(({ counts }) => counts)),
    createdAt: plan.openedAt,
  });

const evenShare = (whole: number, shares: number, index: number): number =>
  Math.floor((whole * (index + 1)) / shares) - Math.floor((whole * index) / shares);

/** A file that DuckDB reads as the rejects of a task. */
export const writeRejects = async (folder: string): Promise<string> => {
  const path = join(folder, 'rejects.parquet');
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT * FROM (VALUES ('a.csv', 3, 40, 'id', 'cast', 'x'), ('a.csv', 9, 90, 'id', 'cast', 'y'), ('a.csv', 12, 99, NULL, 'missing_columns', 'z')) v(file, line, byte_offset, "column", cause, raw)) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  return path;
};
