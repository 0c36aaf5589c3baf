import type { DuckDBConnection } from '@duckdb/node-api';
import { MODULE_REJECT_COLUMNS, type ModuleReject } from '../../contract/module-step.ts';
import { renderModuleSource } from '../../sql/module-source.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import { type RowAppender, withRowAppender } from './append-rows.ts';
import type { ModuleCounts, ModuleOutput, ModuleRun } from './module-run.ts';
import { readChunks } from './read-chunks.ts';
import { runBatches } from './run-batches.ts';
import { runGroups } from './run-groups.ts';
import { runRows } from './run-rows.ts';

/**
 * Runs a user's function over the rows of `source` and writes what it returns to the table `target`, in the
 * order of the rows. A row on which it throws, or for which it returns what does not fit, is a reject.
 *
 * Fails with what `onReject` throws, with LimitError (a group), ColumnTypeError, errors of the engine, and the
 * reason of `signal`.
 */
export const runModuleStep = async (run: ModuleRun): Promise<ModuleCounts> =>
  withConnection(run, (reader) =>
    withConnection(run, async (writer) => {
      const ended = new AbortController();
      const signal = AbortSignal.any([run.signal, ended.signal]);
      const interrupt = (): void => reader.interrupt();
      run.signal.addEventListener('abort', interrupt);
      try {
        return await writeRows({ ...run, signal }, reader, writer);
      } catch (error) {
        // The engine's own error is only that it was interrupted.
        run.signal.throwIfAborted();
        throw error;
      } finally {
        run.signal.removeEventListener('abort', interrupt);
        ended.abort(new Error('the step has ended'));
      }
    }),
  );

const RUNNERS = { map: runRows, flat_map: runRows, map_batches: runBatches, map_groups: runGroups } as const;

const writeRows = async (
  run: ModuleRun,
  reader: DuckDBConnection,
  writer: DuckDBConnection,
): Promise<ModuleCounts> => {
  const { step } = run;
  run.signal.throwIfAborted();
  const counts = { read: 0, grown: 0, dropped: 0, folded: 0 };
  const rejected = await withRowAppender(writer, { name: run.target, columns: step.columns }, (rows) =>
    withRowAppender(writer, { name: run.rejects, columns: MODULE_REJECT_COLUMNS }, async (rejects) => {
      const chunks = readChunks(reader, renderModuleSource(run.source, step));
      await RUNNERS[step.kind](run, chunks, { rows, counts, reject: rejectInto(run, rejects) });
      return rejects.rows();
    }),
  );
  return { ...counts, rejected, written: await countRows(writer, run.target) };
};

const rejectInto =
  ({ step, onReject }: ModuleRun, rejects: RowAppender): ModuleOutput['reject'] =>
  (found) => {
    const reject: ModuleReject = { step: step.step, ...found };
    const values = { ...reject, row: BigInt(reject.row) };
    rejects.append(MODULE_REJECT_COLUMNS.map(({ name }) => values[name] ?? null));
    try {
      onReject?.(reject, rejects.rows());
    } catch (error) {
      // Whoever ends the step for its rejects reads them afterwards.
      rejects.flush();
      throw error;
    }
  };

/** The rows of the table itself, not those that were sent there. */
const countRows = async (connection: DuckDBConnection, table: string): Promise<number> =>
  Number(
    (await connection.runAndReadAll(`SELECT count(*) FROM ${quoteIdentifier(table)}`)).getRows()[0]?.[0],
  );

const withConnection = async <Result>(
  { connect }: ModuleRun,
  use: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> => {
  const connection = await connect();
  try {
    const [zone] = (await connection.runAndReadAll("SELECT current_setting('TimeZone')")).getRows();
    if (zone?.[0] !== 'UTC') throw new Error(`a connection of a task is in ${zone?.[0]} and not in UTC`);
    return await use(connection);
  } finally {
    connection.closeSync();
  }
};
