import { createCaller } from './call-module.ts';
import type { ModuleOutput, ModuleRun } from './module-run.ts';
import { createFlatMapReader, createMapReader, type OutputRow } from './output-rows.ts';
import type { Chunk } from './read-chunks.ts';
import { createRowReader } from './read-rows.ts';
import { runOrdered } from './run-ordered.ts';

/** Calls that may be begun ahead of the slowest one that is still open, for each that is open. */
const AHEAD = 4;

type RowUnit = { readonly chunk: Chunk; readonly index: number; readonly row: number };

/** Runs `map` and `flat_map`: a call for each row. */
export const runRows = async (
  { step, module, signal }: ModuleRun,
  chunks: AsyncIterable<Chunk>,
  output: ModuleOutput,
): Promise<void> => {
  const reader = createRowReader(step.input);
  const read = step.kind === 'map' ? createMapReader(step.columns) : createFlatMapReader(step.columns);
  const caller = createCaller({
    module,
    signal,
    timeoutSeconds: step.timeoutSeconds,
    read: (returned, _, isOver) => read(returned, isOver),
  });
  const valueAt =
    ({ chunk, index }: RowUnit) =>
    (column: number) =>
      chunk.columns[column]?.[index] ?? null;
  await runOrdered(
    rowsOf(chunks),
    {
      concurrency: step.concurrency,
      window: step.concurrency * AHEAD,
      call: (unit) => caller(reader.row(valueAt(unit))),
      emit: (unit, result) => {
        output.counts.read += 1;
        if (result.failure === undefined) return writeAll(output, result.value);
        output.reject({ ...result.failure, row: unit.row, raw: reader.raw(valueAt(unit)) });
      },
    },
    signal,
  );
};

/** The rows of one call, and what that means for the count: none drops a row, more than one grow it. */
export const writeAll = ({ rows, counts }: ModuleOutput, written: readonly OutputRow[]): void => {
  for (const row of written) rows.append(row);
  if (written.length === 0) counts.dropped += 1;
  else counts.grown += written.length - 1;
};

async function* rowsOf(chunks: AsyncIterable<Chunk>): AsyncGenerator<Iterable<RowUnit>, void> {
  let row = 0;
  for await (const chunk of chunks) {
    yield unitsOf(chunk, row);
    row += chunk.rows;
  }
}

function* unitsOf(chunk: Chunk, first: number): Generator<RowUnit, void> {
  for (let index = 0; index < chunk.rows; index += 1) yield { chunk, index, row: first + index };
}
