import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Carried, StepCounts } from '../contract/commit.ts';
import type { Counts } from '../contract/counts.ts';
import { TooManyRejectsError } from '../contract/errors-input.ts';
import { QueryError } from '../contract/errors-query.ts';
import { ConservationError } from '../contract/errors-store.ts';
import type { InferFigures } from '../contract/planned-infer.ts';
import type { RangeChain } from '../contract/range-chain.ts';
import type { RejectSummary } from '../contract/reject-summary.ts';
import { hasGuessedCut, markUnread } from '../core/amend-slices.ts';
import { NO_ROWS } from '../core/judge-conservation.ts';
import { isParallelRefusal } from '../io/collect-rejects.ts';
import { withDuckDB } from '../io/duckdb-session.ts';
import { hashFile } from '../io/hash-file.ts';
import { newTallyCounts, registerTallies, type TallyCounts } from '../io/tallies.ts';
import type { CompiledSteps } from '../sql/compile-steps.ts';
import { damagedInput, explainFailure } from './explain-failure.ts';
import { type KeptRejects, keepRejects, keepRejectsOfFailed } from './keep-rejects.ts';
import { nameFullDisk } from './name-full-disk.ts';
import { openTaskSource, type TaskSource } from './open-task-source.ts';
import { hasModules, type ModuleTotals, runModules } from './run-modules.ts';
import type { StageContext } from './stage-context.ts';
import type { KeepRejectsFile, KeptFile, TaskFolders, TaskQuery, TaskWork } from './task-work.ts';
import { firstValue, type WrittenBlockFile, writeBlock } from './write-block.ts';

/** How often a running query is asked how far it is. */
const PROGRESS_MS = 200;

/** What a task found: its block, its rejects, and where every row went. */
export type TaskAnswer = {
  readonly counts: Counts;
  readonly steps: readonly StepCounts[];
  readonly carried: Carried | undefined;
  readonly chains: readonly RangeChain[];
  readonly block: WrittenBlockFile;
  readonly rejects: (KeptFile & { readonly summary: RejectSummary | undefined }) | undefined;
  /** Of a stage that runs a model. */
  readonly infer?: InferFigures;
};

/** What a task writes into: its folders, and a place for rejected rows that outlives it where it fails. */
export type TaskTarget = { readonly folders: TaskFolders; readonly keep: KeepRejectsFile };

/** Failures that rows cause, and so perhaps a cut that was guessed wrong: seal judges the cut first. */
const ROW_FAILURES = [TooManyRejectsError, QueryError, ConservationError] as const;

/** Formats in which a row is a line, whatever stands in it: any cut of a file is right. */
const LINES: ReadonlySet<string> = new Set(['jsonl', 'text']);

const mayBeWrong = ({ plan: { input }, task }: TaskWork): boolean =>
  !LINES.has(input.format) && hasGuessedCut(task);

/** Opens what a task reads and runs its stage over it, into the task's folders. */
export const answerTask = async (
  context: StageContext,
  work: TaskWork,
  { folders, keep }: TaskTarget,
): Promise<TaskAnswer> => {
  const { plan, stage, index } = work;
  const place = { store: context.store, plan, stage, index, scratchDir: folders.slice };
  const where = { task: `${work.ids.stage} ${work.ids.task}`, scratchDir: folders.slice };
  const source = await nameFullDisk(where, () => openTaskSource(context, place, work.task));
  if (!source.isReadable) return answerNothing(work, folders, source.chains);
  // Rows of a wrong cut are none: a function of a user, which may do anything with a row, never sees one.
  if (mayBeWrong(work) && hasModules(stage)) return answerNothing(work, folders, markUnread(source.chains));
  try {
    return await answerSource(context, { work, folders, source, keep });
  } catch (error) {
    if (!mayBeWrong(work) || !ROW_FAILURES.some((failure) => error instanceof failure)) throw error;
    return answerNothing(work, folders, markUnread(source.chains));
  }
};

/** Commits no rows: what the ranges found out about their cuts is all that there is to say. */
const answerNothing = async (
  { stage }: TaskWork,
  { out }: TaskFolders,
  chains: readonly RangeChain[],
): Promise<TaskAnswer> => {
  const file = path.join(out, 'nothing');
  await writeFile(file, '');
  const object = { format: stage.format, ...(await hashFile(file)) };
  const block = { path: file, object, partitions: [], rows: 0 };
  return { counts: NO_ROWS, steps: [], carried: undefined, chains, block, rejects: undefined };
};

type Opened = TaskTarget & { readonly work: TaskWork; readonly source: TaskSource };

const answerSource = (
  context: StageContext,
  { work, folders, source, keep }: Opened,
): Promise<TaskAnswer> => {
  const session = {
    ...context.resources,
    scratchDir: folders.spill,
    readablePaths: source.readablePaths,
    writableDirs: [folders.out],
  };
  return withDuckDB(session, async (connection, connect) => {
    const tolerant = work.plan.rejectLimit.value > 0;
    const query: TaskQuery = { connection, connect, work, folders, source, tolerant, keep };
    const { block, tallied, totals, rejects } = await answerWithRejects(context, query);
    const read = source.rowsRead() ?? tallied.read + rejects.ofInput;
    requireChain(work, { read, chainRows: source.chainRows });
    const { task } = work;
    return {
      counts: {
        read,
        grown: tallied.grown + sumOf(totals, 'grown'),
        written: block.rows,
        rejected: rejects.ofInput + totals.rejected,
        dropped: tallied.dropped + sumOf(totals, 'dropped'),
        folded: tallied.folded + sumOf(totals, 'folded'),
        cut: tallied.cut,
        pruned: task.kind === 'rows' ? (task.prunedRows ?? 0) : 0,
      },
      steps: [...[...tallied.bySteps].map(([step, counts]) => ({ step, ...counts })), ...totals.steps],
      carried: carriedOf(tallied),
      chains: source.chains,
      block,
      rejects: rejects.file === undefined ? undefined : { ...rejects.file, summary: rejects.summary },
    };
  });
};

/** Where too many rows are bad they are kept for people to see, unless they may be those of a wrong cut. */
const answerWithRejects = async (
  context: StageContext,
  query: TaskQuery,
): Promise<Answered & { readonly rejects: KeptRejects }> => {
  try {
    const answered = await answerQuery(context, query);
    return { ...answered, rejects: await keepRejects(query, answered.totals) };
  } catch (error) {
    const isOurs = error instanceof TooManyRejectsError && !mayBeWrong(query.work);
    throw isOurs ? await keepRejectsOfFailed(query, error) : error;
  }
};

const sumOf = ({ steps }: ModuleTotals, term: 'grown' | 'dropped' | 'folded'): number =>
  steps.reduce((rows, step) => rows + step[term], 0);

const carriedOf = ({ carriedIn, carriedOut }: TallyCounts): Carried | undefined =>
  carriedIn === undefined && carriedOut === undefined
    ? undefined
    : {
        ...(carriedIn === undefined ? {} : { in: carriedIn }),
        ...(carriedOut === undefined ? {} : { out: carriedOut }),
      };

type Answered = {
  readonly block: WrittenBlockFile;
  readonly tallied: TallyCounts;
  readonly totals: ModuleTotals;
};

/**
 * Reads in parallel; a second time, file by file from start to end, where the engine refuses that or fails without
 * a bad row to show for it: its parallel reader of CSV can stumble over a line break at the border of a buffer.
 */
const answerQuery = async (context: StageContext, query: TaskQuery): Promise<Answered> => {
  const { input } = query.source;
  try {
    return await answerOnce(context, query, 'parallel');
  } catch (error) {
    const failure = isParallelRefusal(error) ? undefined : await explainFailure(context, query, error);
    if (failure !== undefined) throw failure;
    if (input?.format !== 'csv' && input?.format !== 'tsv')
      throw input === undefined ? error : damagedInput(input, error);
  }
  try {
    return await answerOnce(context, query, 'serial');
  } catch (error) {
    throw (await explainFailure(context, query, error)) ?? damagedInput(input, error);
  }
};

const answerOnce = async (
  context: StageContext,
  query: TaskQuery,
  scan: 'parallel' | 'serial',
): Promise<Answered> => {
  const { connection, connect, work, folders, source, tolerant } = query;
  const tallied = newTallyCounts();
  const runSql = async <Result>(compiled: CompiledSteps, run: () => Promise<Result>): Promise<Result> => {
    registerTallies(connection, compiled.tallies, tallied);
    const result = await run();
    await runProbes(connection, compiled, tallied);
    return result;
  };
  return watched(context, { connection, tallied }, async () => {
    const { last, totals } = await runModules(context, {
      connection,
      connect,
      plan: work.plan,
      stage: work.stage,
      source: source.attach(connection, { tolerant, scan }),
      keepsRejects: tolerant && source.input !== undefined,
      runSql,
    });
    const target = { folder: folders.out, memoryBytes: context.resources.memoryBytes };
    const block = await runSql(last, () =>
      writeBlock(connection, { sql: last.sql, stage: work.stage }, target),
    );
    return { block, tallied, totals };
  });
};

/** Runs a query with its progress reported and the signal obeyed, in each of its statements. */
export const watched = async <Result>(
  context: Pick<StageContext, 'signal' | 'onProgress'>,
  query: { readonly connection: DuckDBConnection; readonly tallied: TallyCounts },
  run: () => Promise<Result>,
): Promise<Result> => {
  const { connection, tallied } = query;
  const interrupt = (): void => connection.interrupt();
  context.signal.throwIfAborted();
  context.signal.addEventListener('abort', interrupt);
  const timer = setInterval(() => {
    // An interrupt ends one statement; the next one of the task, begun since, goes on otherwise.
    if (context.signal.aborted) interrupt();
    const { percentage } = connection.progress;
    context.onProgress({ share: percentage < 0 ? undefined : percentage / 100, rowsRead: tallied.read });
  }, PROGRESS_MS);
  try {
    const result = await run();
    // An interrupted stream may end as if it had been read to its end.
    context.signal.throwIfAborted();
    return result;
  } finally {
    clearInterval(timer);
    context.signal.removeEventListener('abort', interrupt);
  }
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

/** The reader's own count of rows, by the bytes, against what the engine made of them. */
const requireChain = (
  { ids }: TaskWork,
  { read, chainRows }: { readonly read: number; readonly chainRows: number | undefined },
): void => {
  if (chainRows === undefined || chainRows === read) return;
  const sentence = `the bytes of the slice hold ${chainRows} rows, the engine read or rejected ${read}`;
  throw new ConservationError({ where: `task ${ids.task} of ${ids.stage}`, sentence });
};
