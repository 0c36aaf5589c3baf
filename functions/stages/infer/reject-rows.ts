import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { TooManyRejectsError } from '../../contract/errors-input.ts';
import { MODULE_REJECT_COLUMNS } from '../../contract/module-step.ts';
import { INFER_LIMITS } from '../../contract/planned-infer.ts';
import { isWithinTaskLimit, renderRejectLimit } from '../../core/judge-rejects.ts';
import {
  newRejectTally,
  type RejectTally,
  summarizeRejects,
  tallyRejects,
} from '../../core/summarize-rejects.ts';
import type { RowReject } from '../../io/endpoints/ask-failure.ts';
import { hashFile } from '../../io/hash-file.ts';
import { type RowAppender, withRowAppender } from '../../io/modules/append-rows.ts';
import { quoteText } from '../../sql/quote.ts';
import type { TaskAnswer } from '../answer-task.ts';
import type { KeepRejectsFile, KeptFile, TaskWork } from '../task-work.ts';
import { inferStepOf } from './infer-step-of.ts';
import type { RequestRow } from './read-requests.ts';

const TABLE = 'daybreak_infer_rejects';
const FORMAT = 'parquet';

export type RejectRow = (row: RequestRow, reject: RowReject) => void;

/** Rejects of a task, by the rows of the table itself. `place` and `row` of each lead to the row in the stage before. */
export type InferRejects = { readonly rows: number; readonly kept: TaskAnswer['rejects'] };

type Rejecting = { readonly work: TaskWork; readonly folder: string; readonly keep: KeepRejectsFile };

/**
 * Lends what takes rejected rows, with the columns of MODULE_REJECT_COLUMNS, and writes them to a file at the end.
 * Each fails with TooManyRejectsError that is one more than a limit in rows allows: with its place, never a value, and
 * with the place of the rows, which outlive the task.
 */
export const withRejects = async <Result>(
  connection: DuckDBConnection,
  { work, folder, keep }: Rejecting,
  use: (reject: RejectRow) => Promise<Result>,
): Promise<{ readonly result: Result; readonly rejects: InferRejects }> => {
  const columns = MODULE_REJECT_COLUMNS;
  const tally = newRejectTally();
  const { result, rows } = await withRowAppender(connection, { name: TABLE, columns }, async (appender) => ({
    result: await use(rejectInto(appender, work, tally)),
    rows: appender.rows(),
  })).catch(async (error: unknown) => {
    if (!(error instanceof TooManyRejectsError)) throw error;
    throw new TooManyRejectsError(
      { ...error.facts, kept: await keep(await writeRejects(connection, folder)) },
      { cause: error },
    );
  });
  if (rows === 0) return { result, rejects: { rows, kept: undefined } };
  const file = await writeRejects(connection, folder);
  return { result, rejects: { rows, kept: { ...file, summary: summarizeRejects(tally) } } };
};

const writeRejects = async (connection: DuckDBConnection, folder: string): Promise<KeptFile> => {
  const file = path.join(folder, `rejects.${FORMAT}`);
  await connection.run(`COPY (FROM ${TABLE} ORDER BY place, "row") TO ${quoteText(file)} (FORMAT ${FORMAT})`);
  return { path: file, object: { format: FORMAT, ...(await hashFile(file)) } };
};

const rejectInto = (
  appender: RowAppender,
  { stage, plan, index: stageIndex }: TaskWork,
  tally: RejectTally,
): RejectRow => {
  const { step } = inferStepOf(stage);
  const before = plan.stageIds[stageIndex - 1];
  return ({ batch, index }, { cause, error, message, answer }) => {
    const raw = batch.raw(index, INFER_LIMITS.rawCharacters);
    const values: Readonly<Record<string, string | number | bigint>> = {
      step,
      row: batch.row(index),
      place: `${before} ${batch.task}`,
      cause,
      ...(error === undefined ? {} : { error: error.toWellFormed() }),
      message: message.toWellFormed(),
      raw: raw.toWellFormed(),
      ...(answer === undefined ? {} : { answer }),
    };
    appender.append(MODULE_REJECT_COLUMNS.map(({ name }) => values[name] ?? null));
    const detail = error === undefined ? {} : { detail: error.toWellFormed() };
    const file = `steps[${step}] infer, row ${batch.row(index)} of task ${batch.task} of ${before}`;
    tallyRejects(tally, { file, cause, ...detail });
    if (isWithinTaskLimit(plan.rejectLimit, appender.rows())) return;
    throw new TooManyRejectsError({
      rejects: appender.rows(),
      limit: renderRejectLimit(plan.rejectLimit),
      ...summarizeRejects(tally),
    });
  };
};
