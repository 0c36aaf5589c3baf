import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Commit, StepCounts, WrittenObject } from '../contract/commit.ts';
import type { Counts } from '../contract/counts.ts';
import { InputFormatError, TooManyRejectsError } from '../contract/errors-input.ts';
import { QueryError, TaskDiskError, TaskMemoryError } from '../contract/errors-query.ts';
import { ConservationError } from '../contract/errors-store.ts';
import type { AttemptIds, TaskIds } from '../contract/ids.ts';
import { KEYS, renderBlockKey } from '../contract/keys.ts';
import type { PinnedInput } from '../contract/pinned-input.ts';
import type { Plan, PlannedStage } from '../contract/plan.ts';
import { judgeConservation } from '../core/judge-conservation.ts';
import { isWithinTaskLimit, renderRejectLimit } from '../core/judge-rejects.ts';
import { type NarrowedSteps, narrowSteps } from '../core/narrow-steps.ts';
import { classifyDuckDBError } from '../io/classify-duckdb-error.ts';
import { collectRejects, diagnoseReaderError, isParallelRefusal } from '../io/collect-rejects.ts';
import { withDuckDB } from '../io/duckdb-session.ts';
import { hashFile } from '../io/hash-file.ts';
import { verifyPins } from '../io/pin-input.ts';
import { registerTallies, type TallyCounts } from '../io/tallies.ts';
import { type CompiledSteps, compileSteps } from '../sql/compile-steps.ts';
import { type OutputFormat, renderCopy } from '../sql/output-file.ts';
import { quotePath } from '../sql/quote.ts';
import { renderReadInput } from '../sql/read-input.ts';
import type { StageContext } from './stage-context.ts';

/** How often a running query is asked how far it is. */
const PROGRESS_MS = 200;

/** Rejects are kept as Parquet until blocks are Arrow. */
const REJECTS_FORMAT = 'parquet';

type Work = { readonly plan: Plan; readonly stage: PlannedStage; readonly ids: TaskIds };

/** A task's own folder: what it writes, and where the engine spills. */
type Folders = { readonly out: string; readonly spill: string };

/**
 * Runs a task whose steps are all SQL, from the pinned input to one block in the final format, and puts block
 * and rejects into the store. Returns the commit that the attempt proposes; it commits nothing itself.
 *
 * Fails with TooManyRejectsError, InputChangedError, QueryError, TaskMemoryError, TaskDiskError,
 * ConservationError, or with the reason of `context.signal`.
 */
export const runSqlTask = async (context: StageContext, work: Work): Promise<Commit> => {
  const startedAt = context.now().toISOString();
  const ids: AttemptIds = { ...work.ids, attempt: context.newAttempt() };
  const folder = await mkdtemp(path.join(context.scratchDir, 'task-'));
  try {
    const folders = { out: path.join(folder, 'out'), spill: path.join(folder, 'spill') };
    await Promise.all(Object.values(folders).map((each) => mkdir(each)));
    await verifyPins(work.plan.input.files);
    const answer = await runQuery(context, work, folders);
    await verifyPins(work.plan.input.files);
    requireConservation(work, answer.counts);
    const format = work.stage.format;
    const block = await store(context, renderBlockKey({ ...ids, format }), answer.blockPath, format);
    const rejects =
      answer.rejectsPath === undefined
        ? undefined
        : await store(
            context,
            KEYS.rejects.render({ ...ids, format: REJECTS_FORMAT }),
            answer.rejectsPath,
            REJECTS_FORMAT,
          );
    return {
      ...ids,
      block,
      partitions: [],
      rows: answer.counts.written,
      ...(rejects === undefined ? {} : { rejects: { ...rejects, rows: answer.counts.rejected } }),
      counts: answer.counts,
      steps: [...answer.steps],
      formats: work.plan.formats,
      startedAt,
      endedAt: context.now().toISOString(),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

type Answer = {
  readonly counts: Counts;
  readonly steps: readonly StepCounts[];
  readonly blockPath: string;
  readonly rejectsPath: string | undefined;
};

const runQuery = (context: StageContext, work: Work, folders: Folders): Promise<Answer> =>
  withDuckDB(
    {
      ...context.resources,
      scratchDir: folders.spill,
      readablePaths: work.plan.input.files.map((file) => file.path),
      writableDirs: [folders.out],
    },
    async (connection) => {
      const narrowed = narrowSteps(work.plan.input.columns, work.stage.steps);
      const query: Query = {
        connection,
        work,
        folders,
        ...narrowed,
        tolerant: work.plan.rejectLimit.value > 0,
      };
      const { written, tallied } = await copyBlock(context, query);
      const rejects = query.tolerant ? await keepRejects(query) : undefined;
      const rejected = rejects?.rows ?? 0;
      const { input } = work.plan;
      const read = input.format === 'parquet' ? footerRows(input) : tallied.read + rejected;
      const { grown, dropped, folded, cut } = tallied;
      return {
        counts: { read, grown, written, rejected, dropped, folded, cut, pruned: 0 },
        steps: [...tallied.bySteps].map(([step, counts]) => ({ step, ...counts })),
        blockPath: blockPathOf(query),
        rejectsPath: rejects?.path,
      };
    },
  );

type Query = NarrowedSteps & {
  readonly connection: DuckDBConnection;
  readonly work: Work;
  readonly folders: Folders;
  readonly tolerant: boolean;
};

const blockPathOf = ({ folders, work }: Query): string =>
  path.join(folders.out, `block.${work.stage.format}`);

type Copied = { readonly written: number; readonly tallied: TallyCounts };

const copyBlock = async (context: StageContext, query: Query): Promise<Copied> => {
  try {
    return await copyOnce(context, query, 'parallel');
  } catch (error) {
    if (!isParallelRefusal(error)) throw await explain(context, query, error);
  }
  try {
    return await copyOnce(context, query, 'serial');
  } catch (error) {
    throw await explain(context, query, error);
  }
};

const copyOnce = async (
  context: StageContext,
  query: Query,
  scan: 'parallel' | 'serial',
): Promise<Copied> => {
  const { connection, work } = query;
  const { input } = work.plan;
  const compiled = compileSteps(
    {
      sql: renderReadInput(input, { tolerant: query.tolerant, columns: query.columns, scan }),
      isCounted: input.format === 'parquet',
      prunes: input.format === 'parquet',
      columns: input.columns.filter(({ name }) => query.columns.includes(name)),
    },
    query.steps,
  );
  const tallied = registerTallies(connection, compiled.tallies);
  // A plan's last stage writes one of the output formats.
  const format = work.stage.format as OutputFormat;
  const target = blockPathOf(query);
  const copy = renderCopy({ sql: compiled.sql, columns: work.stage.columns, format, path: target });
  return watched(context, { connection, tallied }, async () => {
    const copied = await firstValue(connection, copy);
    await runProbes(connection, compiled, tallied);
    return { tallied, written: format === 'parquet' ? await rowsInFooter(connection, target) : copied };
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
  const { connection, work, folders, columns } = query;
  const { plan, ids } = work;
  await verifyPins(plan.input.files);
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
      const first = await diagnoseReaderError(connection, plan.input, { columns, error });
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
  columns,
}: Query): Promise<{ readonly rows: number; readonly path: string } | undefined> => {
  const { rejectedRows, first, write } = await collectRejects(connection, plan.input, { columns });
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
  return { rows: rejectedRows, path: target };
};

const rowsInFooter = (connection: DuckDBConnection, file: string): Promise<number> =>
  firstValue(connection, `SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata(${quotePath(file)})`);

const footerRows = (input: PinnedInput): number =>
  input.files.reduce((rows, file) => rows + (file.rows ?? 0), 0);

/** The one number that an aggregate or a COPY answers with. */
const firstValue = async (connection: DuckDBConnection, sql: string): Promise<number> =>
  Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);

const store = async (
  context: StageContext,
  key: string,
  file: string,
  format: WrittenObject['format'],
): Promise<WrittenObject> => {
  const { sha256, sizeBytes } = await hashFile(file);
  await context.store.putFile(key, file);
  return { format, sizeBytes, sha256 };
};

const requireConservation = ({ ids }: Work, counts: Counts): void => {
  const { isConserved, sentence } = judgeConservation(counts);
  if (!isConserved) throw new ConservationError({ where: `task ${ids.task} of ${ids.stage}`, sentence });
};
