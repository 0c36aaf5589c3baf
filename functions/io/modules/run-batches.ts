import { MODULE_LIMITS } from '../../contract/module-step.ts';
import { type CallFailure, type CallResult, createCaller, mismatchOf } from './call-module.ts';
import { type Batch, cutBatches } from './cut-batches.ts';
import type { ModuleOutput, ModuleRun } from './module-run.ts';
import { OutputMismatch } from './output-mismatch.ts';
import { type BatchRow, createBatchReader, type OutputRow } from './output-rows.ts';
import type { Chunk } from './read-chunks.ts';
import { createRowReader } from './read-rows.ts';
import { runOrdered } from './run-ordered.ts';
import { createTurns } from './take-turns.ts';

/** Of each row of a batch: what it became, or why it is a reject. */
type RowResult = { readonly written: OutputRow } | { readonly failure: CallFailure };
type BatchResult = readonly RowResult[];

type Given = { readonly batch: Record<string, unknown>; readonly rows: number };
type Retries = { left: number };

/**
 * Runs `map_batches`: a call for each batch. Where a call fails, or returns columns of another length, the two
 * halves of the batch are called, and so on, until the bad rows are found: good rows beside them are kept. That
 * ends after {@link MODULE_LIMITS.batchRetries} calls; what is not decided then is rejected. A call that took
 * too long is not repeated.
 */
export const runBatches = async (
  { step, module, signal }: ModuleRun,
  chunks: AsyncIterable<Chunk>,
  output: ModuleOutput,
): Promise<void> => {
  const reader = createRowReader(step.input);
  const read = createBatchReader(step.columns);
  const caller = createCaller<readonly BatchRow[]>({
    // The function gets the columns alone.
    module: { ...module, call: (given, ...rest) => module.call((given as Given).batch, ...rest) },
    signal,
    timeoutSeconds: step.timeoutSeconds,
    read: (returned, given) => read(returned, (given as Given).rows), // as `call` below makes it
  });
  const call = (batch: Batch, retries: Retries): BatchResult | Promise<BatchResult> => {
    const given: Given = { batch: reader.batch(batch.columns), rows: batch.rows };
    const result = caller(given);
    return result instanceof Promise
      ? result.then((settled) => settle(batch, settled, retries))
      : settle(batch, result, retries);
  };
  const settle = (
    batch: Batch,
    { failure, value }: CallResult<readonly BatchRow[]>,
    retries: Retries,
  ): BatchResult | Promise<BatchResult> => {
    if (failure === undefined) return value.map(resultOf);
    const isFinal = batch.rows === 1 || failure.cause === 'module_timeout' || retries.left < 2;
    if (isFinal || signal.aborted) return Array.from({ length: batch.rows }, () => ({ failure }));
    retries.left -= 2;
    return callHalves(batch, retries);
  };
  const takeTurn = createTurns();
  const callHalves = async (batch: Batch, retries: Retries): Promise<BatchResult> => {
    const middle = Math.ceil(batch.rows / 2);
    await takeTurn();
    const left = await call(part(batch, 0, middle), retries);
    return [...left, ...(await call(part(batch, middle, batch.rows), retries))];
  };
  await runOrdered(
    cutBatches(chunks, { width: step.input.length, batchRows: step.batchRows }),
    {
      concurrency: step.concurrency,
      window: step.concurrency,
      call: (batch) => call(batch, { left: MODULE_LIMITS.batchRetries }),
      emit: (batch, results) => {
        output.counts.read += batch.rows;
        for (const [index, result] of results.entries()) {
          if ('written' in result) output.rows.append(result.written);
          else {
            const raw = reader.raw((column) => batch.columns[column]?.[index] ?? null);
            output.reject({ ...result.failure, row: batch.first + index, raw });
          }
        }
      },
    },
    signal,
  );
};

const resultOf = (row: BatchRow): RowResult =>
  row instanceof OutputMismatch ? { failure: mismatchOf(row) } : { written: row };

const part = (batch: Batch, from: number, to: number): Batch => ({
  first: batch.first + from,
  rows: to - from,
  columns: batch.columns.map((column) => column.slice(from, to)),
});
