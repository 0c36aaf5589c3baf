import { setMaxListeners } from 'node:events';
import type { Commit } from '../../contract/commit.ts';
import type { InferFigures } from '../../contract/planned-infer.ts';
import type { TaskOf } from '../../contract/task.ts';
import { priceTokens } from '../../core/endpoints/price-tokens.ts';
import { NO_ROWS } from '../../core/judge-conservation.ts';
import { withDuckDB } from '../../io/duckdb-session.ts';
import type { Endpoint } from '../../io/endpoints/endpoint.ts';
import { type OpenBlocks, openBlocks } from '../../io/open-blocks.ts';
import type { TaskAnswer, TaskTarget } from '../answer-task.ts';
import { nameFullDisk } from '../name-full-disk.ts';
import { proposeCommit } from '../propose-commit.ts';
import type { StageContext } from '../stage-context.ts';
import type { TaskWork } from '../task-work.ts';
import { askRows } from './ask-rows.ts';
import { inferStepOf } from './infer-step-of.ts';
import { withRejects } from './reject-rows.ts';
import { writeAnswers } from './write-answers.ts';

/** Of the memory of a process, for rows that are asked for or wait for an earlier one. */
const ROWS_SHARE = 1 / 8;
/** By which text grows that was compressed, and is kept as bytes and as text. */
const GROWTH = 8;
/** What a row takes whatever is in it. */
const ROW_BYTES = 4_096;

/**
 * Runs one attempt of a task of a stage `infer`: its pieces of the stage before, row by row through an endpoint, to one
 * piece in the order of the rows, without those that were rejected. Returns the commit that the attempt proposes.
 * Tasks that run at once in a process share the endpoint, and so its pace: rows of the one follow on those of the
 * other, in the order in which they came.
 *
 * Fails with EndpointError, TooManyRejectsError, BlockMissingError, BlockCorruptError, TaskDiskError,
 * ConservationError, or with the reason of `context.signal`, which also ends requests that are open.
 */
export const runInferTask = (context: StageContext, work: TaskWork, endpoint: Endpoint): Promise<Commit> =>
  proposeCommit(context, work, (target) => answerInferTask(context, { work, target, endpoint }));

type Attempt = { readonly work: TaskWork; readonly target: TaskTarget; readonly endpoint: Endpoint };

const answerInferTask = async (context: StageContext, attempt: Attempt): Promise<TaskAnswer> => {
  const { work, endpoint } = attempt;
  const { folders, keep } = attempt.target;
  const task = piecesOf(work);
  const step = inferStepOf(work.stage);
  const blocks = await openPieces(context, attempt, task);
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  // Each row that is under way listens to it: their number is bounded by the endpoint's.
  setMaxListeners(0, signal);
  const session = {
    ...context.resources,
    scratchDir: folders.spill,
    readablePaths: [],
    writableDirs: [folders.out],
  };
  try {
    const ask = await endpoint.prepare(step, signal);
    return await withDuckDB(session, async (connection) => {
      const { result, rejects } = await withRejects(
        connection,
        { work, folder: folders.out, keep },
        (reject) => askAndWrite(context, { ...attempt, blocks, rows: rowsOf(task) }, { ask, reject, signal }),
      );
      const { block, figures } = result;
      return {
        counts: { ...NO_ROWS, read: blocks.rowsRead(), written: block.rows, rejected: rejects.rows },
        steps: [],
        carried: undefined,
        chains: [],
        block,
        rejects: rejects.kept,
        infer: figures,
      };
    });
  } finally {
    // What is still open belongs to nobody.
    ended.abort(new Error('the task has ended'));
  }
};

const piecesOf = ({ task }: TaskWork): TaskOf<'partitions'> => {
  if (task.kind !== 'partitions' || task.share !== undefined || task.waits === true)
    throw new Error('a task of a stage infer has whole pieces, and does not wait for a pilot');
  return task;
};

const rowsOf = ({ sources }: TaskOf<'partitions'>): number =>
  sources.flatMap(([, , , pieces]) => pieces).reduce((sum, [, , , rows]) => sum + rows, 0);

const rowBytesOf = ({ weightBytes }: TaskWork['task'], rows: number): number =>
  ROW_BYTES + (GROWTH * weightBytes) / Math.max(1, rows);

const openPieces = (
  { store }: StageContext,
  { work, target: { folders } }: Attempt,
  task: TaskOf<'partitions'>,
): Promise<OpenBlocks> => {
  const { plan, index, ids } = work;
  const stage = plan.stageIds[index - 1];
  if (stage === undefined) throw new Error(`stage ${index} reads blocks that none wrote`);
  const where = { task: `${ids.stage} ${ids.task}`, scratchDir: folders.slice };
  return nameFullDisk(where, () =>
    openBlocks({ store, job: plan.job, stage, scratchDir: folders.slice }, task),
  );
};

type Opened = Attempt & { readonly blocks: OpenBlocks; readonly rows: number };

const askAndWrite = async (
  context: StageContext,
  { work, target: { folders }, endpoint, blocks, rows }: Opened,
  asking: Pick<Parameters<typeof askRows>[0], 'ask' | 'reject' | 'signal'>,
): Promise<{ readonly block: TaskAnswer['block']; readonly figures: InferFigures }> => {
  const step = inferStepOf(work.stage);
  const tokens = { promptTokens: 0, outputTokens: 0, cachedTokens: undefined as number | undefined };
  let done = 0;
  const answered = { rows: 0, characters: 0 };
  const startedAt = context.now().getTime();
  let endedAt = startedAt;
  const target = { folder: folders.out, memoryBytes: context.resources.memoryBytes };
  const block = await writeAnswers(step, target, (append) =>
    askRows({
      ...asking,
      step,
      streams: blocks.open(),
      concurrency: endpoint.concurrency,
      mostRows: Math.floor((context.resources.memoryBytes * ROWS_SHARE) / rowBytesOf(work.task, rows)),
      append,
      onRow: ({ batch, index }, usage) => {
        done += 1;
        if (usage !== undefined) {
          answered.rows += 1;
          answered.characters += batch.characters(index);
        }
        endedAt = context.now().getTime();
        tokens.promptTokens += usage?.promptTokens ?? 0;
        tokens.outputTokens += usage?.outputTokens ?? 0;
        const cachedTokens = usage?.cachedTokens;
        if (cachedTokens !== undefined) tokens.cachedTokens = (tokens.cachedTokens ?? 0) + cachedTokens;
        context.onProgress({ share: rows === 0 ? undefined : done / rows, rowsRead: done });
      },
    }),
  );
  const { cachedTokens, ...counted } = tokens;
  const figures = {
    ...answered,
    ...counted,
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    ...(endpoint.price === undefined ? {} : { costUsd: priceTokens(endpoint.price, counted) }),
    seconds: Math.max(0, endedAt - startedAt) / 1_000,
    engine: endpoint.name,
    machine: endpoint.name,
  };
  return { block, figures };
};
