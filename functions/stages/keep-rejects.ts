import path from 'node:path';
import { TooManyRejectsError } from '../contract/errors-input.ts';
import type { RejectSummary } from '../contract/reject-summary.ts';
import { isWithinTaskLimit, renderRejectLimit } from '../core/judge-rejects.ts';
import { mergeRejectSummaries, summarizeRejects } from '../core/summarize-rejects.ts';
import { collectRejects, type Rejects, readCollected } from '../io/collect-rejects.ts';
import { hashFile } from '../io/hash-file.ts';
import { queryRows } from '../io/query-rows.ts';
import { quotePath, quoteText } from '../sql/quote.ts';
import { MODULE_REJECTS, type ModuleTotals } from './run-modules.ts';
import type { KeptFile, TaskQuery } from './task-work.ts';

/** Rejects are for people and their tools: whatever the output is, they are Parquet. */
const FORMAT = 'parquet';

/** Of a task that fails for them: enough to see what is wrong, whatever the input is. */
const MOST_OF_FAILED = 10_000;

export type KeptRejects = {
  /** Of the input's reader; those of modules are counted where they happen. */
  readonly ofInput: number;
  readonly file: KeptFile | undefined;
  readonly summary: RejectSummary | undefined;
};

/**
 * Writes the rows that the reader and the modules of a task rejected to one file. Fails with TooManyRejectsError
 * where they are more than a limit in rows allows.
 */
export const keepRejects = async (query: TaskQuery, totals: ModuleTotals): Promise<KeptRejects> => {
  const { connection, work, source, tolerant } = query;
  const input =
    tolerant && source.input !== undefined
      ? await collectRejects(connection, source.input, { columns: source.columns })
      : undefined;
  const ofInput = input?.rejectedRows ?? 0;
  const rejects = ofInput + totals.rejected;
  const summary = mergeRejectSummaries([summaryOf(input), summarizeRejects(totals.rejects)]);
  if (rejects === 0) return { ofInput, file: undefined, summary };
  const { rejectLimit } = work.plan;
  if (!isWithinTaskLimit(rejectLimit, rejects)) {
    throw new TooManyRejectsError({ rejects, limit: renderRejectLimit(rejectLimit), ...summary });
  }
  return { ofInput, file: await writeRejects(query, { input, ofModules: totals.rejected }), summary };
};

const summaryOf = (input: Rejects | undefined): RejectSummary | undefined =>
  input?.first === undefined ? undefined : { first: input.first, causes: [...input.causes], ofModules: 0 };

/**
 * Keeps what a task has rejected when that ends it: of a reader what was found out, of modules all rows so far, the
 * first {@link MOST_OF_FAILED} of both. Returns the error that names the object.
 */
export const keepRejectsOfFailed = async (
  query: TaskQuery,
  error: TooManyRejectsError,
): Promise<TooManyRejectsError> => {
  const input = await readCollected(query.connection);
  const ofModules = await countModuleRejects(query);
  if ((input?.rejectedRows ?? 0) + ofModules === 0) return error;
  const file = await writeRejects(query, { input, ofModules, most: MOST_OF_FAILED });
  return new TooManyRejectsError({ ...error.facts, kept: await query.keep(file) }, { cause: error });
};

/** Of a stage without modules there is no table. */
const countModuleRejects = async ({ connection }: TaskQuery): Promise<number> => {
  const tables = await queryRows(
    connection,
    `SELECT estimated_size FROM duckdb_tables() WHERE table_name = ${quoteText(MODULE_REJECTS)}`,
  );
  if (tables.length === 0) return 0;
  const [count] = await queryRows(connection, `SELECT count(*) AS rows FROM ${MODULE_REJECTS}`);
  return Number(count?.rows ?? 0);
};

type Written = {
  readonly input: Rejects | undefined;
  readonly ofModules: number;
  readonly most?: number;
};

const writeRejects = async (
  { connection, folders }: TaskQuery,
  { input, ofModules, most }: Written,
): Promise<KeptFile> => {
  const read = path.join(folders.out, `read-rejects.${FORMAT}`);
  const ofInput = input?.rejectedRows ?? 0;
  if (ofInput > 0) await input?.write(read, most);
  if (ofModules === 0) return kept(read);
  const both = path.join(folders.out, `rejects.${FORMAT}`);
  const ofReader = ofInput > 0 ? `SELECT * FROM read_parquet(${quotePath(read)}) UNION ALL BY NAME ` : '';
  const limit = most === undefined ? '' : ` LIMIT ${most}`;
  await connection.run(
    `COPY (${ofReader}(SELECT * FROM ${MODULE_REJECTS}${limit})) TO ${quoteText(both)} (FORMAT ${FORMAT})`,
  );
  return kept(both);
};

const kept = async (file: string): Promise<KeptFile> => ({
  path: file,
  object: { format: FORMAT, ...(await hashFile(file)) },
});
