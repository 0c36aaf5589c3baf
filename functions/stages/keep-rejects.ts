import path from 'node:path';
import { TooManyRejectsError } from '../contract/errors-input.ts';
import { isWithinTaskLimit, renderRejectLimit } from '../core/judge-rejects.ts';
import { collectRejects } from '../io/collect-rejects.ts';
import { hashFile } from '../io/hash-file.ts';
import { quotePath, quoteText } from '../sql/quote.ts';
import { MODULE_REJECTS } from './chain-act.ts';
import type { KeptFile, TaskQuery } from './task-work.ts';

/** Rejects are for people and their tools: whatever the output is, they are Parquet. */
const FORMAT = 'parquet';

export type KeptRejects = {
  /** Of the input's reader; those of modules are counted where they happen. */
  readonly ofInput: number;
  readonly file: KeptFile | undefined;
};

/**
 * Writes the rows that the reader and the modules of a task rejected to one file. Fails with TooManyRejectsError
 * where they are more than a limit in rows allows.
 */
export const keepRejects = async (query: TaskQuery, ofModules: number): Promise<KeptRejects> => {
  const { connection, work, folders, source, tolerant } = query;
  const input =
    tolerant && source.input !== undefined
      ? await collectRejects(connection, source.input, { columns: source.columns })
      : undefined;
  const ofInput = input?.rejectedRows ?? 0;
  if (ofInput + ofModules === 0) return { ofInput, file: undefined };
  const { rejectLimit } = work.plan;
  if (!isWithinTaskLimit(rejectLimit, ofInput + ofModules)) {
    throw new TooManyRejectsError({
      rejects: ofInput + ofModules,
      limit: renderRejectLimit(rejectLimit),
      ...(input?.first === undefined ? {} : { first: input.first }),
    });
  }
  const read = path.join(folders.out, `read-rejects.${FORMAT}`);
  if (ofInput > 0) await input?.write(read);
  if (ofModules === 0) return { ofInput, file: await kept(read) };
  const both = path.join(folders.out, `rejects.${FORMAT}`);
  const ofReader = ofInput > 0 ? `SELECT * FROM read_parquet(${quotePath(read)}) UNION ALL BY NAME ` : '';
  await connection.run(
    `COPY (${ofReader}SELECT * FROM ${MODULE_REJECTS}) TO ${quoteText(both)} (FORMAT ${FORMAT})`,
  );
  return { ofInput, file: await kept(both) };
};

const kept = async (file: string): Promise<KeptFile> => ({
  path: file,
  object: { format: FORMAT, ...(await hashFile(file)) },
});
