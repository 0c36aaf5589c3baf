import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Carried, Commit, StepCounts, WrittenObject } from '../contract/commit.ts';
import type { Counts } from '../contract/counts.ts';
import { InputFormatError, TooManyRejectsError } from '../contract/errors-input.ts';
import { QueryError, TaskDiskError, TaskMemoryError } from '../contract/errors-query.ts';
import { ConservationError } from '../contract/errors-store.ts';
import type { AttemptIds, TaskIds } from '../contract/ids.ts';
import { KEYS, renderBlockKey } from '../contract/keys.ts';
import type { PinnedFile, PinnedInput } from '../contract/pinned-input.ts';
import type { Plan, PlannedStage } from '../contract/plan.ts';
import type { RangeChain } from '../contract/range-chain.ts';
import type { Task } from '../contract/task.ts';
import { hasGuessedCut, markUnread } from '../core/amend-slices.ts';
import { judgeConservation, NO_ROWS } from '../core/judge-conservation.ts';
import { isWithinTaskLimit, renderRejectLimit } from '../core/judge-rejects.ts';
import { classifyDuckDBError } from '../io/classify-duckdb-error.ts';
import { collectRejects, diagnoseReaderError, isParallelRefusal } from '../io/collect-rejects.ts';
import { withDuckDB } from '../io/duckdb-session.ts';
import { hashFile } from '../io/hash-file.ts';
import { verifyPins } from '../io/pin-input.ts';
import { registerTallies, type TallyCounts } from '../io/tallies.ts';
import { type CompiledSteps, compileStage } from '../sql/compile-steps.ts';
import { openTaskSource, type TaskSource } from './open-task-source.ts';
import type { StageContext } from './stage-context.ts';
import { firstValue, type WrittenBlockFile, writeBlock } from './write-block.ts';

/** How often a running query is asked how far it is. */
const PROGRESS_MS = 200;

/** Rejects are kept as Parquet until blocks are Arrow. */
const REJECTS_FORMAT = 'parquet';

type Work = {
  readonly plan: Plan;
  readonly stage: PlannedStage;
  readonly index: number;
  readonly ids: TaskIds;
  readonly task: Task;
};

/** A task's own folder: what it writes, what it copied of its slice, and where the engine spills. */
type Folders = { readonly out: string; readonly slice: string; readonly spill: string };

/**
 * Runs a task whose steps are all SQL: its slice, or its partitions of the stage before, to one block. Puts
 * block and rejects into the store and returns the commit that the attempt proposes; it commits nothing itself.
 *
 * Fails with TooManyRejectsError, InputChangedError, BlockMissingError, BlockCorruptError, QueryError,
 * TaskMemoryError, TaskDiskError, ConservationError, or with the reason of `context.signal`.
 */
export const runSqlTask = async (context: StageContext, work: Work): Promise<Commit> => {
  const startedAt = context.now().toISOString();
  const ids: AttemptIds = { ...work.ids, attempt: context.newAttempt() };
  const folder = await mkdtemp(path.join(context.scratchDir, 'task-'));
  try {
    const folders = {
      out: path.join(folder, 'out'),
      slice: path.join(folder, 'slice'),
      spill: path.join(folder, 'spill'),
    };
    await Promise.all(Object.values(folders).map((each) => mkdir(each)));
    const files = filesOf(work);
    await verifyPins(files);
    const answer = await runQuery(context, work, folders);
    await verifyPins(files);
    requireConservation(work, answer.counts);
    const { block, rejects } = answer;
    await context.store.putFile(renderBlockKey({ ...ids, format: block.object.format }), block.path);
    if (rejects !== undefined) {
      await context.store.putFile(
        KEYS.rejects.render({ ...ids, format: rejects.object.format }),
        rejects.path,
      );
    }
    return {
      ...ids,
      block: block.object,
      partitions: [...block.partitions],
      rows: answer.counts.written,
      ...(rejects === undefined ? {} : { rejects: { ...rejects.object, rows: answer.counts.rejected } }),
      counts: answer.counts,
      steps: [...answer.steps],
      ...(answer.carried === undefined ? {} : { carried: answer.carried }),
      ...(answer.chains.length === 0 ? {} : { chains: [...answer.chains] }),
      formats: work.plan.formats,
      bytesRead: work.task.weightBytes,
      startedAt,
      endedAt: context.now().toISOString(),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** The input files that a task reads, to be as they were pinned before and after. */
const filesOf = ({ plan, task }: Work): readonly PinnedFile[] => {
  if (task.kind === 'input') return plan.input.files;
  if (task.kind === 'partitions') return [];
  const slices = task.kind === 'ranges' ? task.ranges : task.rows;
  return [...new Set(slices.map(({ file }) => file))].flatMap((file) => plan.input.files[file] ?? []);
};

type KeptFile = { readonly path: string; readonly object: WrittenObject };

type Answer = {
  readonly counts: Counts;
  readonly steps: readonly StepCounts[];
  readonly carried: Carried | undefined;
  readonly chains: readonly RangeChain[];
  readonly block: WrittenBlockFile;
  readonly rejects: KeptFile | undefined;
};

const runQuery = async (context: StageContext, work: Work, folders: Folders): Promise<Answer> => {
  const { plan, stage, index } = work;
  const place = { store: context.store, plan, stage, index, scratchDir: folders.slice };
  const source = await openTaskSource(place, work.task);
  if (!source.isReadable) return answerNothing(work, folders, source.chains);
  try {
    return await answerSource(context, { work, folders, source });
  } catch (error) {
    if (!hasGuessedCut(work.task) || !ROW_FAILURES.some((failure) => error instanceof failure)) throw error;
    return answerNothing(work, folders, markUnread(source.chains));
  }
};

/** Failures that rows cause, and so perhaps a cut that was guessed wrong: seal judges the cut first. */
const ROW_FAILURES = [TooManyRejectsError, QueryError, ConservationError] as const;

/** Commits no rows: what the ranges found out about their cuts is all that there is to say. */
const answerNothing = async (
  { stage }: Work,
  { out }: Folders,
  chains: readonly RangeChain[],
): Promise<Answer> => {
  const file = path.join(out, 'nothing');
  await writeFile(file, '');
  const object = { format: stage.format, ...(await hashFile(file)) };
  const block = { path: file, object, partitions: [], rows: 0 };
  return { counts: NO_ROWS, steps: [], carried: undefined, chains, block, rejects: undefined };
};

type Opened = { readonly work: Work; readonly folders: Folders; readonly source: TaskSource };

const answerSource = (context: StageContext, { work, folders, source }: Opened): Promise<Answer> => {
  const { plan } = work;
  const session = {
    ...context.resources,
    scratchDir: folders.spill,
    readablePaths: source.readablePaths,
    writableDirs: [folders.out],
  };
  return withDuckDB(session, async (connection) => {
    const tolerant = plan.rejectLimit.value > 0;
    const query: Query = { connection, work, folders, source, tolerant };
    const { block, tallied } = await answerQuery(context, query);
    const rejects = tolerant ? await keepRejects(query) : undefined;
    const rejected = rejects?.rows ?? 0;
    const read = source.rowsRead() ?? tallied.read + rejected;
    requireChain(work, { read, chainRows: source.chainRows });
    const { grown, dropped, folded, cut } = tallied;
    return {
      counts: { read, grown, written: block.rows, rejected, dropped, folded, cut, pruned: 0 },
      steps: [...tallied.bySteps].map(([step, counts]) => ({ step, ...counts })),
      carried: carriedOf(tallied),
      chains: source.chains,
      block,
      rejects,
    };
  });
};

const carriedOf = ({ carriedIn, carriedOut }: TallyCounts): Carried | undefined =>
  carriedIn === undefined && carriedOut === undefined
    ? undefined
    : {
        ...(carriedIn === undefined ? {} : { in: carriedIn }),
        ...(carriedOut === undefined ? {} : { out: carriedOut }),
      };

type Query = {
  readonly connection: DuckDBConnection;
  readonly work: Work;
  readonly folders: Folders;
  readonly source: TaskSource;
  readonly tolerant: boolean;
};

type Answered = { readonly block: WrittenBlockFile; readonly tallied: TallyCounts };

const answerQuery = async (context: StageContext, query: Query): Promise<Answered> => {
  try {
    return await answerOnce(context, query, 'parallel');
  } catch (error) {
    if (!isParallelRefusal(error)) throw await explain(context, query, error);
  }
  try {
    return await answerOnce(context, query, 'serial');
  } catch (error) {
    throw await explain(context, query, error);
  }
};

const answerOnce = async (
  context: StageContext,
  { connection, work, folders, source, tolerant }: Query,
  scan: 'parallel' | 'serial',
): Promise<Answered> => {
  const compiled = compileStage(source.attach(connection, { tolerant, scan }), work.stage);
  const tallied = registerTallies(connection, compiled.tallies);
  return watched(context, { connection, tallied }, async () => {
    const target = { folder: folders.out, memoryBytes: context.resources.memoryBytes };
    const block = await writeBlock(connection, { sql: compiled.sql, stage: work.stage }, target);
    await runProbes(connection, compiled, tallied);
    return { block, tallied };
  });
};

/** Runs a query with its progress reported and the signal obeyed. */
const watched = async <Result>(
  context: StageContext,
  query: { readonly connection: DuckDBConnection; readonly tallied: TallyCounts },
  run: () => Promise<Result>,
): Promise<Result> => {
  const { connection, tallied } = query;
  const interrupt = (): void => connection.interrupt();
  context.signal.throwIfAborted();
  context.signal.addEventListener('abort', interrupt);
  const timer = setInterval(() => {
    const { percentage } = connection.progress;
    context.onProgress({ share: percentage < 0 ? undefined : percentage / 100, rowsRead: tallied.read });
  }, PROGRESS_MS);
  try {
    return await run();
  } finally {
    clearInterval(timer);
    context.signal.removeEventListener('abort', interrupt);
  }
};

/** The failure that an error of the engine means; the error itself where it is a mistake of ours. */
const explain = async (context: StageContext, query: Query, error: unknown): Promise<unknown> => {
  context.signal.throwIfAborted();
  const { connection, work, folders, source } = query;
  const { plan, ids } = work;
  await verifyPins(filesOf(work));
  const failure = source.failure();
  if (failure !== undefined) return failure;
  const { kind, message } = classifyDuckDBError(error instanceof Error ? error.message : String(error));
  const facts = { task: `${ids.stage} ${ids.task}`, message };
  switch (kind) {
    case 'QueryError':
      return new QueryError(facts, { cause: error });
    case 'TaskMemoryError':
      return new TaskMemoryError({ ...facts, ...context.resources }, { cause: error });
    case 'TaskDiskError':
      return new TaskDiskError({ ...facts, scratchDir: folders.spill }, { cause: error });
    case 'reader': {
      if (source.input === undefined) return error;
      const { input, columns } = source;
      const first = await diagnoseReaderError(connection, input, { columns, error });
      const limit = renderRejectLimit(plan.rejectLimit);
      return first === undefined
        ? unreadable(plan.input, { error, message })
        : new TooManyRejectsError({ rejects: 1, limit, first }, { cause: error });
    }
    default:
      return error;
  }
};

/** Every row that can be judged by itself is good: the file as a whole is damaged. */
const unreadable = (
  input: PinnedInput,
  { error, message }: { readonly error: unknown; readonly message: string },
): InputFormatError => {
  const said = error instanceof Error ? error.message : '';
  const file = input.files.find(({ path: each }) => said.includes(each)) ?? input.files[0];
  const reason = `is damaged: it cannot be read to its end as ${input.format} (${message})`;
  return new InputFormatError({ path: file?.path ?? '', reason }, { cause: error });
};

const runProbes = async (
  connection: DuckDBConnection,
  compiled: CompiledSteps,
  tallied: TallyCounts,
): Promise<void> => {
  for (const probe of compiled.probes) {
    const dropped = await firstValue(connection, probe.sql);
    const step = tallied.bySteps.get(probe.step) ?? { dropped: 0, grown: 0, folded: 0, cut: 0 };
    tallied.bySteps.set(probe.step, { ...step, dropped: step.dropped + dropped });
    tallied.dropped += dropped;
  }
};

const keepRejects = async ({
  connection,
  work: { plan },
  folders,
  source: { input, columns },
}: Query): Promise<(KeptFile & { readonly rows: number }) | undefined> => {
  if (input === undefined) return undefined;
  const { rejectedRows, first, write } = await collectRejects(connection, input, { columns });
  if (rejectedRows === 0) return undefined;
  if (!isWithinTaskLimit(plan.rejectLimit, rejectedRows)) {
    throw new TooManyRejectsError({
      rejects: rejectedRows,
      limit: renderRejectLimit(plan.rejectLimit),
      ...(first === undefined ? {} : { first }),
    });
  }
  const target = path.join(folders.out, `rejects.${REJECTS_FORMAT}`);
  await write(target);
  return {
    rows: rejectedRows,
    path: target,
    object: { format: REJECTS_FORMAT, ...(await hashFile(target)) },
  };
};

/** The reader's own count of rows, by the bytes, against what the engine made of them. */
const requireChain = (
  { ids }: Work,
  { read, chainRows }: { readonly read: number; readonly chainRows: number | undefined },
): void => {
  if (chainRows === undefined || chainRows === read) return;
  const sentence = `the bytes of the slice hold ${chainRows} rows, the engine read or rejected ${read}`;
  throw new ConservationError({ where: `task ${ids.task} of ${ids.stage}`, sentence });
};

const requireConservation = ({ ids }: Work, counts: Counts): void => {
  const { isConserved, sentence } = judgeConservation(counts);
  if (!isConserved) throw new ConservationError({ where: `task ${ids.task} of ${ids.stage}`, sentence });
};
