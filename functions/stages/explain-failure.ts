import { DaybreakError } from '../contract/errors.ts';
import { InputFormatError, TooManyRejectsError } from '../contract/errors-input.ts';
import { QueryError, TaskDiskError, TaskMemoryError } from '../contract/errors-query.ts';
import { type PinnedInput, readPathOf } from '../contract/pinned-input.ts';
import { renderRejectLimit } from '../core/judge-rejects.ts';
import { classifyDuckDBError } from '../io/classify-duckdb-error.ts';
import { diagnoseReaderError } from '../io/collect-rejects.ts';
import { verifyPins } from '../io/pin-input.ts';
import type { StageContext } from './stage-context.ts';
import { filesOf, type TaskQuery } from './task-work.ts';

/**
 * The failure that an error of the engine means; the error itself where it is a mistake of ours. `undefined` where
 * the reader failed and yet no row of the input is bad by itself.
 */
export const explainFailure = async (
  context: StageContext,
  query: TaskQuery,
  error: unknown,
): Promise<unknown> => {
  context.signal.throwIfAborted();
  const { connection, work, folders, source } = query;
  await verifyPins(filesOf(work));
  const failure = source.failure();
  if (failure !== undefined) return failure;
  if (error instanceof DaybreakError) return error;
  const { kind, message } = classifyDuckDBError(messageOf(error));
  const facts = { task: `${work.ids.stage} ${work.ids.task}`, message };
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
      const found = await diagnoseReaderError(connection, input, { columns, error });
      if (found === undefined) return undefined;
      const { rejectedRows: rejects, first, causes } = found;
      const limit = renderRejectLimit(work.plan.rejectLimit);
      const facts = { rejects, limit, causes, ...(first === undefined ? {} : { first }) };
      return new TooManyRejectsError(facts, { cause: error });
    }
    case 'fault':
      // Its sentence may hold a value all the same, and would leave the task as it is.
      return SAID_BY_ENGINE.test(messageOf(error)) ? new Error(message, { cause: error }) : error;
    default:
      return error;
  }
};

/** The engine puts a class before each of its sentences. */
const SAID_BY_ENGINE = /^[A-Za-z_ ]+ Error: /;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Every row that can be judged by itself is good: the file as a whole is damaged. */
export const damagedInput = (input: PinnedInput, error: unknown): InputFormatError => {
  const said = messageOf(error);
  const file = input.files.find((each) => said.includes(readPathOf(each))) ?? input.files[0];
  const { message } = classifyDuckDBError(said);
  const named = file === undefined ? message : message.replaceAll(readPathOf(file), file.path);
  const reason = `is damaged: it cannot be read to its end as ${input.format} (${named})`;
  return new InputFormatError({ path: file?.path ?? '', reason }, { cause: error });
};
